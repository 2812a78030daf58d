//! Messages about files, faults, deliveries, inspect, import.

use super::Lang;
use crate::domain::fault::{Fault, FaultKind};
use crate::domain::record::Place;

messages! {
    empty() zh "文件里没有内容。请重新导出后再放入文件夹。" en "The file is empty. Please export it again and put it back into the folder.";
    not_a_table() zh "这不是表格文件。请用 .xlsx 或 .csv 格式重新导出。" en "This is not a table. Please export it again as .xlsx or .csv.";
    encrypted() zh "文件设有密码，无法打开。请去掉密码后另存，再放入文件夹。" en "The file is protected by a password and cannot be opened. Please save it without the password and put it back.";
    too_large() zh "文件解开后过大，不像正常的考勤表，未打开。请按天或按班重新导出。" en "The file unpacks to far more than an attendance table needs and was not opened. Please export it again by day or by class.";
    corrupt() zh "文件已损坏或没有传完（也可能是某个单元格的引号没有成对），无法读完。请重新导出。" en "The file is damaged or incomplete (perhaps a quotation mark that is never closed) and cannot be read to its end. Please export it again.";
    unsupported_format() zh "这种文件格式暂不支持（如旧版 .xls、网页或 ods）。请在表格软件里另存为 .xlsx 或 .csv。" en "This format cannot be read yet (an old .xls, a web page, an .ods or the like). Please save it as .xlsx or .csv.";
    unknown_encoding() zh "文件里有认不出的字符编码，应为 UTF-8、GB18030（GBK）或 UTF-16。请另存为 .xlsx，或“CSV UTF-8”。" en "The characters of this file are in no encoding known here (UTF-8, GB18030/GBK or UTF-16 expected). Please save it as .xlsx or as CSV UTF-8.";
    no_header() zh "找不到表头：前面的行里应有一行写着各列的名称，如“学籍号、姓名、班级、日期、状态”。请补上表头，或在 reader.columns 里写明列名。" en "No header row was found: one of the first rows should name the columns, such as student_no, name, class, date, status. Please add one, or name the columns under reader.columns.";
    missing_column(column) zh "找不到设置里指定的列“{column}”。请检查导出的列是否有变，再改 reader.columns。" en "The column “{column}” that the settings name is not in the file. Please see whether the export has changed, then correct reader.columns.";
    event_log() zh "这是刷卡或打卡的流水记录：没有记录不等于缺勤，不能当考勤表用。请改为导出每个学生每天的考勤结果。" en "This is a log of events (card swipes): no row does not mean absent, so it cannot serve as a roll call. Please export one result per pupil and day instead.";
    code_table() zh "这是一张代码对照表，里面没有学生，也没有日期。请放入考勤表或学籍表。" en "This is a table of codes with neither pupils nor dates. Please put in an attendance table or a register.";
    no_dates() zh "表里没有日期：列里、标题里、文件名里都没有写明是哪一天。请加上“日期”列，或在标题或文件名里写上日期（如 2026-09-01）。" en "There are no dates: neither a column nor the title nor the file name says which day this is. Please add a date column, or write the date (such as 2026-09-01) into the title or the file name.";
    presence_only() zh "表里只列了到校的人和日期，没有状态：没列出的学生是缺勤还是没上课，无从得知。请导出带“状态”列的考勤表。" en "This lists only who was present and when, without a status: whether anybody else was absent cannot be known. Please export a table with a status column.";
    matrix() zh "这是按日期或次数横向排列的点名册（矩阵表），以后的版本才能读。请暂时改为每行一个学生一天。" en "This is a matrix with dates or occasions as columns (or pupils as columns), which a later version reads. For now please export one row per pupil and day.";
    no_pupil_column() zh "没有说明是哪个学生的列：应有“学籍号”“身份证号”或“姓名”。请补上，或在 reader.columns 里写明。" en "No column says who the pupil is: student_no, id_number or name expected. Please add one, or name it under reader.columns.";
    no_status_column() zh "没有“状态”列，不知道每个学生是出勤还是缺勤。请补上，或在 reader.columns 里写明。" en "There is no status column, so nobody can tell present from absent. Please add one, or name it under reader.columns.";
    every_row_at_fault() zh "表里的行都有问题，一行也没有采用，所以没有说明任何人到没到。请按下面各行的说明改正后重新发送。" en "Every row of the file is at fault and none was taken, so it says of nobody whether they came. Please correct the rows as told below and send it again.";
    two_tables() zh "一张表里并排放着两份名单，右边的一份读不了。请把它们上下排列，或分成两个工作表。" en "Two lists stand beside each other in one sheet, and the one on the right cannot be read. Please put them below each other, or into two sheets.";
    two_statuses() zh "两个状态列说法不一，不知道以哪一列为准，这一行没有采用。请改成一致，或在 reader.columns 里写明用哪一列（status）。" en "Two columns of statuses contradict each other, so nobody can tell which one counts, and the row was not taken. Please make them agree, or name the column (status) under reader.columns.";
    nothing_stated() zh "表头下面没有数据，也没有写明日期，所以什么也没有说明。若当天全勤，请在标题或文件名里写上日期。" en "Under the header there is no data and no date is stated, so the file says nothing. If everybody was present, please write the date into the title or the file name.";
    bad_date() zh "日期看不明白：应为带年份的日期，如 2026-09-01（写了星期几的要对得上）。请改正后重新发送。" en "The date cannot be understood: a date with its year is expected, such as 2026-09-01 (a weekday beside it must agree). Please correct it and send it again.";
    in_the_future() zh "日期晚于这份文件的日期：还没有到的日子不能记考勤。请核对日期。" en "The date lies after the day of this file: a day that has not come cannot have a roll call. Please check the date.";
    unknown_status() zh "认不出这个状态：应为出勤、迟到、早退、公假、病假、事假、旷课、缺勤等（学籍表为在读、休学、转出、毕业等）。请改正，或在 reader.statuses、legend 里写明它的意思。" en "This status is not known: present, late, early_leave, official, sick, personal, truant, unexplained or the like expected (in a register 在读, 休学, 转出, 毕业). Please correct it, or give its meaning under reader.statuses or legend.";
    blank_status() zh "状态是空的，不知道是出勤还是缺勤。请填写；若空格有固定的意思，请在 reader.blank 里写明。" en "The status is blank, so present and absent cannot be told apart. Please fill it in; if blank always means the same, say so under reader.blank.";
    no_such_slot() zh "学校没有这个时段或节次。应为全天、上午、下午、晚上，或第几节。请对照学校的作息表改正。" en "The school has no such slot or lesson. Expected: day, am, pm, evening or the number of a lesson. Please correct it by the school's timetable.";
    no_pupil() zh "这一行没有写是哪个学生。请补上学籍号、身份证号或姓名。" en "This row does not say who the pupil is. Please fill in the student number, the id number or the name.";
    bad_id_number() zh "号码不对：位数不够、校验码不符，或被表格软件当作数字而丢了末几位。请把这一列设为“文本”格式后重新填写。" en "The number is not right: too short, a wrong check digit, or its last digits lost because the spreadsheet kept it as a number. Please format the column as text and enter it again.";
    unknown_pupil() zh "学籍里没有这个学生。请核对号码、姓名和班级；如果是新来的学生，请先更新学籍表。" en "The register does not know this pupil. Please check number, name and class; for a new pupil, please send the register first.";
    ambiguous_pupil() zh "有不止一个学生符合，无法确定是谁。请写上学籍号。" en "More than one pupil matches, so nobody can tell who is meant. Please give the student number.";
    foreign_pupil() zh "按学籍，这个学生当天在另一所学校。请核对；如果是借读，请让两校的学籍表都列出。" en "By the register this pupil was at another school on that day. Please check; if the pupil attends both, both registers should list them.";
    not_a_school_day() zh "按校历，这一天不上课，这一行没有计入。请核对日期；如果是补课，请在校历里登记。" en "By the calendar this is no school day, and the row was not counted. Please check the date; if lessons were made up, please enter the day in the calendar.";
    unknown_school() zh "设置里没有这所学校。请写学校的编号或全称，与设置一致。" en "The settings know no such school. Please give its id or its full name as in the settings.";
    unknown_class() zh "没有这个班级。请与学籍表里的班级名称一致，如“三年级2班”。" en "There is no such class. Please use the name that the register has, such as 三年级2班.";
    bad_grade() zh "年级看不明白：应为 1 到 12，或“三年级”“初一”“高二”。请改正。" en "The grade cannot be understood: 1 to 12, or 三年级, 初一, 高二 expected. Please correct it.";
    bad_phone() zh "电话号码不对：应为 11 位手机号，或带区号的固定电话。请核对。" en "The telephone number is not right: a mobile number of 11 digits, or a landline with its area code expected. Please check it.";
    bad_value() zh "这一格的内容看不明白。请按这一列的写法改正（如 性别：男/女；住校：是/否；分钟：数字；审批：已审批/审批中）。" en "This cell cannot be understood. Please write it as the column expects (sex: male/female; boarding: 是/否; minutes: a number; approval: 已审批/审批中).";
    exemption_without_end() zh "休学、延缓入学或送教上门必须写明截止日期，否则不算免于到校。请填写“状态截止日期”。" en "A suspension, deferred entry or home teaching needs the date on which it ends, or it exempts nobody. Please fill in status_until.";
    exemption_without_basis() zh "休学、延缓入学或送教上门没有批准文号。请填写“批准文号”。" en "A suspension, deferred entry or home teaching has no number of approval. Please fill in status_basis.";
    bad_leave_end() zh "请假到哪一天看不明白：应为带年份的日期，如 2026-09-01。这一行照样算，只是不知道请到哪一天；请改正后重新导出" en "how long the leave lasts cannot be understood: a date with its year is expected, such as 2026-09-01. The row counts all the same, without an end; correct it and export again";
    leave_without_an_end() zh "请假结束时间是空的：请假要写明到哪一天（可以先写预计的日期，以后再改）；没有期限的，请每天在考勤表里记病假或事假。" en "The end of the leave is empty: state its last day (an expected one may be corrected later); leave without an end is recorded day by day in the roll call.";
    leave_ends_before_it_begins() zh "请假的结束日期早于开始日期。请核对两个日期。" en "The leave ends before it begins. Please check the two dates.";
    unknown_action() zh "认不出这项措施或结果：措施应为电话、家访、劝返、督促、送达文书、到校确认，结果应为已联系、未联系上、劝返无效、拒绝、劝返成功。请改正，或在 acts 里写明。" en "This action or result is not known: call, visit, persuasion, urge, notice or arrival, with reached, failed, refused or returned expected. Please correct it, or add the word under acts.";
    duplicate_pupil() zh "同一个学生在学籍表里列了不止一次，且内容不一致。请只保留正确的一行。" en "The register lists this pupil more than once, differently. Please keep only the row that is right.";
    sheet_word(sheet) zh "工作表“{sheet}”" en "sheet “{sheet}”";
    row_word(row) zh "第 {row} 行" en "row {row}";
    column_word(column) zh "“{column}”列" en "column “{column}”";
    value_word(value) zh "（现为“{value}”）" en " (it says “{value}”)";

    inspect_format(format) zh "格式：{format}" en "Format: {format}";
    inspect_encoding(encoding, delimiter) zh "编码：{encoding}，分隔符：{delimiter}" en "Encoding: {encoding}, delimiter: {delimiter}";
    inspect_content(content) zh "内容：{content}" en "Content: {content}";
    inspect_header(row) zh "表头：第 {row} 行，一行一条记录" en "Header: row {row}, layout long (one record per row)";
    inspect_column(field, header) zh "  {header} → {field}" en "  {header} → {field}";
    inspect_unused(headers) zh "  不用的列：{headers}" en "  not used: {headers}";
    inspect_passed_over(reason) zh "跳过：{reason}" en "passed over: {reason}";
    inspect_dates(dates) zh "标题或文件名写明的日期：{dates}" en "Dates that title or file name state: {dates}";
    inspect_counts(rows, good, faults, passed) zh "读了 {rows} 行：可用记录 {good} 条，问题 {faults} 个，略过合计、重复表头等 {passed} 行" en "{rows} rows read: {good} good records, {faults} faults, {passed} rows passed over (totals, repeated headers)";
    inspect_first() zh "开头几行：" en "First rows:";
    inspect_faults() zh "问题：" en "Faults:";
    inspect_more(count) zh "  ……还有 {count} 个" en "  … and {count} more";
    inspect_pin() zh "要固定这种读法，在 sources 里写：" en "To pin this reading, write under sources:";
    inspect_no_file(path) zh "打不开文件 {path}" en "Cannot open the file {path}";
    inspect_check_path() zh "请检查路径和读取权限" en "Please check the path and whether you may read it";
    inspect_unknown_source(source) zh "设置里没有来源“{source}”" en "The configuration has no source “{source}”";
}

/// One fault in words a clerk understands: what was wrong, what was expected, what to do. The place is not part of it.
pub fn fault(lang: Lang, fault: &Fault) -> String {
    use FaultKind::*;
    let say: fn(Lang) -> String = match fault.kind {
        NoHeader => match &fault.place.column {
            Some(column) => return missing_column(lang, column),
            None => no_header,
        },
        Empty => empty,
        NotATable => not_a_table,
        Encrypted => encrypted,
        TooLarge => too_large,
        Corrupt => corrupt,
        UnsupportedFormat => unsupported_format,
        UnknownEncoding => unknown_encoding,
        EventLog => event_log,
        CodeTable => code_table,
        NoDates => no_dates,
        PresenceOnly => presence_only,
        Matrix => matrix,
        NoPupilColumn => no_pupil_column,
        NoStatusColumn => no_status_column,
        NothingStated => nothing_stated,
        EveryRowAtFault => every_row_at_fault,
        TwoTables => two_tables,
        TwoStatuses => two_statuses,
        BadDate => bad_date,
        InTheFuture => in_the_future,
        UnknownStatus => unknown_status,
        BlankStatus => blank_status,
        NoSuchSlot => no_such_slot,
        NoPupil => no_pupil,
        BadIdNumber => bad_id_number,
        UnknownPupil => unknown_pupil,
        AmbiguousPupil => ambiguous_pupil,
        ForeignPupil => foreign_pupil,
        NotASchoolDay => not_a_school_day,
        UnknownSchool => unknown_school,
        UnknownClass => unknown_class,
        BadGrade => bad_grade,
        BadPhone => bad_phone,
        BadValue => bad_value,
        ExemptionWithoutEnd => exemption_without_end,
        ExemptionWithoutBasis => exemption_without_basis,
        BadLeaveEnd => bad_leave_end,
        LeaveWithoutAnEnd => leave_without_an_end,
        LeaveEndsBeforeItBegins => leave_ends_before_it_begins,
        UnknownAction => unknown_action,
        DuplicatePupil => duplicate_pupil,
    };
    match &fault.value {
        Some(value) => format!("{}{}", say(lang), value_word(lang, value)),
        None => say(lang),
    }
}

/// Where to look: sheet, row, column; empty for a fault of the whole file.
pub fn place(lang: Lang, place: &Place) -> String {
    let mut parts = Vec::new();
    if let Some(sheet) = &place.sheet {
        parts.push(sheet_word(lang, sheet));
    }
    if place.row > 0 {
        parts.push(row_word(lang, place.row));
    }
    if let Some(column) = &place.column {
        parts.push(column_word(lang, column));
    }
    match lang {
        Lang::Zh => parts.concat(),
        Lang::En => parts.join(", "),
    }
}
