//! Messages about deliveries as a whole: held, rejected, applied, the fault report, import, the database.

messages! {
    wrong_key() zh "密钥与这个数据库不符" en "the key does not belong to this database";
    newer_schema(found, known) zh "数据库是更新版本的程序写的（结构版本 {found}，本程序只认得 {known}）" en "the database was written by a newer version of the program (schema {found}, this one knows {known})";
    no_database() zh "数据库还不存在：请先运行 kongchuo run 或 kongchuo import" en "there is no database yet: run `kongchuo run` or `kongchuo import` first";
    damaged_database() zh "数据库中有一项内容读不出来；请从备份恢复" en "something in the database cannot be read; restore a backup";
    database_unusable() zh "数据库无法读写；请检查磁盘空间和文件权限" en "the database cannot be read or written; check disk space and permissions";
    report_file(name) zh "文件：{name}" en "File: {name}";
    report_held(source) zh "内容异常，暂未采用。请核对；确认无误后由管理员运行：kongchuo import 文件 --source {source} --confirm" en "Something is odd and nothing was applied yet. Please check; if it is right, the operator runs: kongchuo import FILE --source {source} --confirm";
    report_rejected() zh "文件读不了，没有采用任何内容。请按下面的说明改正后重新放入文件夹。" en "The file cannot be read and nothing of it was applied. Please correct it as said below and put it back into the folder.";
    report_set_aside() zh "读这个文件时程序两次意外中断，已搁置。请换一种格式重新导出，并告诉系统管理员。" en "The program broke down twice while reading this file; it was set aside. Please export it again in another format and tell the operator.";
    report_applied(rows, faults) zh "已读 {rows} 行，其中有问题 {faults} 处，其余已采用。请改正后重新发送。" en "{rows} rows were read; {faults} faults, the rest was applied. Please correct them and send the file again.";
    more_faults(n) zh "另有 {n} 处问题未列出。" en "{n} more faults are not listed.";
    at_place(place, sentence) zh "{place}：{sentence}" en "{place}: {sentence}";
    odd_absent(date, absent, of) zh "{date} 缺勤人数过多：{of} 人中 {absent} 人" en "too many absent on {date}: {absent} of {of}";
    odd_unknown(n, of) zh "无法确认学生、状态或时段的行过多：{of} 行中 {n} 行" en "too many rows name nobody or state an unknown status or time of day: {n} of {of}";
    odd_missing(n, of) zh "学籍表少了太多学生：原有 {of} 人，少了 {n} 人" en "too many pupils are missing from the register: {n} of {of}";
    import_applied(rows, faults) zh "已采用：{rows} 行，问题 {faults} 处" en "applied: {rows} rows, {faults} faults";
    import_duplicate() zh "与该来源最近一次的内容完全相同，没有新的内容" en "the same bytes as this source's latest delivery: nothing new";
    no_such_source(source) zh "设置里没有来源“{source}”" en "the settings know no source “{source}”";
    known_sources(list) zh "已有的来源：{list}" en "sources: {list}";
    bad_time(text) zh "时间“{text}”看不明白" en "the time “{text}” cannot be understood";
    time_hint() zh "请写成 2026-09-16T09:30 或 2026-09-16T09:30:00+08:00" en "write 2026-09-16T09:30 or 2026-09-16T09:30:00+08:00";
    no_file(path) zh "打不开文件 {path}" en "the file {path} cannot be opened";
    import_failed() zh "文件没有采用" en "the file was not taken in";
    locked() zh "守护进程或另一条命令正在使用数据" en "the daemon or another command is using the data";
}

/// Why a delivery is held, one line each.
pub fn odd(
    lang: super::Lang,
    absent: Option<(crate::domain::Date, u32, u32)>,
    unknown: Option<(u32, u32)>,
    missing: Option<(u32, u32)>,
) -> Vec<String> {
    let mut out = Vec::new();
    out.extend(absent.map(|(d, n, of)| odd_absent(lang, d, n, of)));
    out.extend(unknown.map(|(n, of)| odd_unknown(lang, n, of)));
    out.extend(missing.map(|(n, of)| odd_missing(lang, n, of)));
    out
}
