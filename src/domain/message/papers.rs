//! The words of papers: the written report (书面报告) and the order to mend within a term (责令限期改正通知书) with its proof
//! of service. The order is given to a guardian by a person: the word for dropping out does not stand in it.

messages! {
    report_name() zh "书面报告" en "Written report";
    order_name() zh "责令限期改正通知书" en "Rectification order";
    file_name(title, number) zh "{title}（草稿）{number}.docx" en "{title} (draft){number}.docx";

    // The head of every page.
    mark() zh "草　稿（未经审核签发，不具法律效力）" en "DRAFT (of no effect before it is signed)";
    mark_number(number) zh "草稿编号：{number}" en "Draft no. {number}";
    mark_unnumbered() zh "草稿编号：尚未编号" en "Draft without a number yet";

    // What both papers share.
    day(year, month, day) zh "{year}年{month}月{day}日" en "{year}-{month:0>2}-{day:0>2}";
    day_of_year(month, day) zh "{month}月{day}日" en "{month:0>2}-{day:0>2}";
    day_of_month(day) zh "{day}日" en "{day:0>2}";
    born(year, month) zh "{year}年{month}月出生" en "born {year}-{month:0>2}";
    range(first, last) zh "{first}至{last}期间" en "between {first} and {last}";
    days(list, n) zh "{list}（共{n}天）" en "{list} ({n} in all)";
    mark_list() zh "、" en ", ";
    /// Between sentences.
    gap() zh "" en " ";
    comma() zh "，" en ", ";
    colon() zh "：" en ":";
    stop(text) zh "{text}。" en "{text}.";
    male() zh "男" en "male";
    female() zh "女" en "female";
    boards() zh "住校" en "boarder";
    day_pupil() zh "走读" en "day pupil";
    pupil_of(school, class) zh "{school}{class}学生" en "pupil of {school}, {class}";
    person(name, relation) zh "{name}（{relation}）" en "{name} ({relation})";
    in_brackets(text) zh "（{text}）" en " ({text})";
    blank_name() zh "　　　　　　（监护人姓名）" en "____________ (the guardian's name)";
    blank() zh "　　　　　　　　　　" en "____________________";
    blank_date() zh "　　　　年　　月　　日" en "Date: ____________";
    seal(office) zh "{office}（印章）" en "{office} (seal)";
    unconfirmed() zh "【签发前请核实】该校当日数据异常，尚未确认。" en "[To be checked before it is signed] The school's data of that day are unusual and not confirmed.";
    basis(said, basis) zh "{said}依据：{basis}。" en "{said} Basis: {basis}.";
    numbered(n, text) zh "{n}．{text}" en "{n}. {text}";
    told_guardian(channel) zh "通知监护人（{channel}）" en "letter to the guardian ({channel})";
    by_sms() zh "短信" en "SMS";
    by_email() zh "电子邮件" en "mail";
    told_result() zh "已发出" en "sent";
    by_system() zh "系统" en "the system";
    by_guardian() zh "监护人" en "the guardian";
    kind_count(kind, n) zh "{kind}{n}次" en "{kind}: {n}";
    last_measure(day, what) zh "最近一次：{day}{what}" en "The latest: {day}, {what}";
    with_result(result) zh "结果：{result}" en "result: {result}";

    // The written report.
    report_title(name) zh "关于{name}缺课及劝返情况的书面报告" en "Written report on the absence of {name}";
    report_number(year) zh "　　　　〔{year}〕　　号" en "No. ______ [{year}]";
    report_opening(case) zh "根据《中华人民共和国未成年人保护法》第二十八条的规定，现将我校一名学生缺课及劝返的情况报告如下{case}。" en "In accordance with article 28 of the Law on the Protection of Minors we report on the absence of a pupil of our school and on what was done to bring the child back{case}.";
    report_case(number) zh "（个案编号：{number}）" en " (case {number})";
    head_pupil() zh "一、学生基本情况" en "I. The pupil";
    head_absence() zh "二、缺课情况" en "II. The absence";
    head_measures() zh "三、已采取的措施" en "III. What was done";
    head_request() zh "四、报告事项" en "IV. What is reported";
    guardians(list) zh "监护人：{list}。" en "Guardians: {list}.";
    guardians_unknown() zh "监护人：学籍名册中没有登记。" en "Guardians: none in the register.";
    carer(list) zh "委托照护人：{list}。" en "Entrusted carer: {list}.";
    household(township) zh "户籍所在乡镇：{township}。" en "Household township: {township}.";
    address(address) zh "家庭住址：{address}。" en "Address: {address}.";
    absent_until(day, days) zh "截至{day}，该生于{days}未到校。" en "As of {day} the pupil was not at school on {days}.";
    measures_sum(n, kinds) zh "自立案以来共记录措施{n}项：{kinds}。" en "{n} measures are on record: {kinds}.";
    measures_none() zh "系统中没有电话联系、家访、劝返等措施的记录，请在签发前核实补记。" en "No call, visit or persuasion is on record; please check and add them before this is signed.";
    see_annex() zh "详见附件。" en "See the annex.";
    still_away() zh "采取上述措施后，该生至今仍未返校。" en "In spite of these measures the pupil has not come back.";
    still_away_plainly() zh "该生至今未返校。" en "The pupil has not come back.";
    came_back(day) zh "该生已于{day}到校，现处于跟踪期。" en "The pupil was at school on {day} and is being watched.";
    report_request() zh "请组织有关部门开展劝返工作，督促监护人依法保证其接受义务教育，并将处理情况告知我校。" en "Please have the offices concerned bring the child back, see to it that the guardians ensure compulsory schooling as the law has it, and let us know the outcome.";
    report_ends() zh "特此报告。" en "This is respectfully reported.";
    annex_line() zh "附件：缺课与劝返措施清单" en "Annex: days of absence and measures";
    school_seal(school) zh "{school}（盖章）" en "{school} (seal)";
    principal_signs() zh "校长（签名）：" en "Principal (signature): ____________";
    contact(name, phone) zh "（联系人：{name}　联系电话：{phone}）" en "(Contact: {name}, {phone})";
    annex() zh "附件" en "Annex";
    annex_title() zh "缺课与劝返措施清单" en "Days of absence and measures";
    annex_days(days) zh "缺课日期：{days}" en "Days of absence: {days}";
    col_no() zh "序号" en "No.";
    col_date() zh "日期" en "Date";
    col_measure() zh "措施" en "Measure";
    col_by() zh "经办人" en "By";
    col_result() zh "结果" en "Result";
    col_note() zh "备注" en "Note";

    // The order.
    order_number(year) zh "　　　　责改〔{year}〕　　号" en "No. ______ [{year}]";
    order_identity() zh "身份证号：" en "Id number: ____________________";
    order_address(address) zh "住址：{address}" en "Address: {address}";
    order_child(name, of) zh "经查，你（们）是{name}{of}的父母或者其他法定监护人。" en "You are the parents or other legal guardians of {name}{of}.";
    order_absence(name, days) zh "{name}于{days}无正当理由未到校接受义务教育。" en "{name} was not at school on {days} without a good reason.";
    order_measures(n, kinds, last) zh "学校和有关方面已先后采取措施{n}次（{kinds}），{last}" en "{n} measures were taken ({kinds}). {last}";
    order_still_away() zh "孩子至今仍未返校。" en "The child has not come back.";
    order_came_back(day) zh "孩子已于{day}到校。" en "The child was at school on {day}.";
    order_law() zh "你（们）的行为违反了《中华人民共和国义务教育法》第五条和《中华人民共和国未成年人保护法》第十六条的规定。" en "This violates article 5 of the Compulsory Education Law and article 16 of the Law on the Protection of Minors.";
    order_demand(term, name, school) zh "依照《中华人民共和国义务教育法》第五十八条的规定，现对你（们）给予批评教育，并责令你（们）自收到本通知书之日起{term}内改正，将{name}送回{school}接受义务教育。" en "In accordance with article 58 of the Compulsory Education Law you are admonished and ordered to mend this within {term} of receiving this order, by sending {name} back to {school}.";
    order_term() zh "收到本通知书的当日不计入期限，自次日起计算；期限的最后一日是休息日或者法定节假日的，顺延至其后的第一个工作日，当日二十四时届满。" en "The day of receipt is not counted; a last day that is a day off moves to the next working day; the term ends at 24:00 of it.";
    order_else() zh "逾期不改正的，本机关将依法作出处理；情节严重或者构成犯罪的，依法追究法律责任。" en "If this is not mended in time we shall act as the law has it; in grave cases you will be held liable.";
    order_remedy() zh "你（们）有权向本机关陈述和申辩。不服本通知的，可以自收到之日起六十日内依法向　　　　　　　　人民政府申请行政复议，也可以在六个月内依法向人民法院提起行政诉讼。" en "You may state your case to us. Against this order you may apply for administrative review to ____________ within sixty days, or sue in court within six months.";
    order_contact() zh "联系人：　　　　　　　联系电话：" en "Contact: ____________  Telephone: ____________";
    term_days(n) zh "{n}日" en "{n} days";
    term_working_days(n) zh "{n}个工作日" en "{n} working days";
    term_school_days(n) zh "{n}个上课日" en "{n} school days";
    term_months(n) zh "{n}个月" en "{n} months";
    term_blank() zh "　　日" en "____ days";

    // The proof of service.
    receipt_title() zh "送达回证" en "Proof of service";
    receipt_document() zh "送达文书名称及文号" en "Document and number";
    receipt_document_is(title, number) zh "《{title}》{number}" en "{title}, {number}";
    receipt_recipient() zh "受送达人" en "Recipient";
    receipt_relation() zh "与学生的关系" en "Relation to the pupil";
    receipt_of(name, relations) zh "{name}的监护人{relations}" en "guardian of {name}{relations}";
    receipt_place() zh "送达地点" en "Place of service";
    receipt_time() zh "送达时间" en "Time of service";
    blank_time() zh "　　　　年　　月　　日　　时　　分" en "____-__-__ __:__";
    receipt_way() zh "送达方式" en "Way of service";
    receipt_ways() zh "□直接送达　　□留置送达　　□其他：" en "[ ] in person  [ ] left at the home  [ ] other:";
    receipt_signature() zh "受送达人签名（捺印）" en "Recipient's signature";
    receipt_for() zh "代收人签名、与受送达人的关系及代收理由" en "Signed for by, relation, reason";
    receipt_refused() zh "拒收的理由和日期" en "Refused: reason and date";
    receipt_witness() zh "见证人签名（留置送达）" en "Witnesses' signatures (if left at the home)";
    receipt_server() zh "送达人签名（两人）" en "Servers' signatures (two)";
    receipt_note() zh "备注" en "Note";
    receipt_hint() zh "注：受送达人拒绝签收的，邀请村（居）民委员会等基层组织的代表到场见证，写明拒收的理由和日期，由送达人、见证人签名后，把文书留在受送达人的住所，并拍照或者录像记录送达过程，即视为送达。" en "Note: if the recipient refuses, have representatives of the village or neighbourhood committee witness it, state reason and date, have servers and witnesses sign, leave the document at the home and take photographs: it is served then.";
}
