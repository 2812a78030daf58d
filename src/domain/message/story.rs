//! Messages about policy tests.

messages! {
    unreadable(why) zh "这个文件读不出来：{why}" en "cannot be read: {why}";
    not_yaml(why) zh "不是合法的 YAML：{why}" en "not valid YAML: {why}";
    unknown_key(key, known) zh "不认识的键“{key}”；这里可以写：{known}" en "unknown key \"{key}\"; known here: {known}";
    checkpoint_after_until(at) zh "检查点 {at} 晚于 until：演到 until 就结束，永远不会看到它" en "the checkpoint at {at} lies after `until`: the story ends there and never looks";
    missing(key) zh "缺少“{key}”" en "\"{key}\" is missing";
    expected_map(key) zh "“{key}”应当是“键: 值”的集合" en "\"{key}\" must be a mapping";
    expected_list(key) zh "“{key}”应当是一个列表" en "\"{key}\" must be a list";
    expected_text(key) zh "“{key}”应当是一个值" en "\"{key}\" must be a single value";
    bad_time(value) zh "“{value}”不是时刻；请写成 \"2026-09-17 10:00\"" en "\"{value}\" is not a time; write \"2026-09-17 10:00\"";
    bad_date(value) zh "“{value}”不是日期；请写成 2026-09-17" en "\"{value}\" is not a date; write 2026-09-17";
    bad_clock(value) zh "“{value}”不是钟点；请写成 \"09:00\"" en "\"{value}\" is not a time of day; write \"09:00\"";
    bad_switch(value) zh "“{value}”应当是 true 或 false" en "\"{value}\" must be true or false";
    bad_choice(value, known) zh "不认识“{value}”；可以写：{known}" en "unknown \"{value}\"; known: {known}";
    no_event(known) zh "这一条没有说发生了什么；可以写：{known}" en "this entry does not say what happens; known: {known}";
    two_events(a, b) zh "一条里有两件事：“{a}”和“{b}”；请分成两条" en "two events in one entry: \"{a}\" and \"{b}\"; write two entries";
    unknown_pupil(no) zh "pupils 里没有学籍号“{no}”" en "no pupil \"{no}\" under pupils";
    pupil_twice(no) zh "学籍号“{no}”出现了两次" en "pupil \"{no}\" is listed twice";
    unknown_school(id, known) zh "没有名为“{id}”的学校；有：{known}" en "no school \"{id}\"; known: {known}";
    unknown_source(id, known) zh "没有名为“{id}”的来源；有：{known}" en "no source \"{id}\"; known: {known}";
    unknown_channel(id, known) zh "没有名为“{id}”的通道；有：{known}" en "no channel \"{id}\"; known: {known}";
    unknown_status(id) zh "不认识的状态“{id}”" en "unknown status \"{id}\"";
    unknown_mark(mark) zh "不认识的记号“{mark}”；可以在 marks: 里说明" en "unknown mark \"{mark}\"; add it under marks:";
    long_mark(mark) zh "记号“{mark}”应当是一个字" en "mark \"{mark}\" must be one character";
    token_length(token, date, marks, periods)
        zh "“{token}”落在 {date}，有 {marks} 个记号；当天有 {periods} 节，应当写一个记号或每节一个"
        en "\"{token}\" falls on {date} and has {marks} marks; that day has {periods} periods: write one mark or one for each";
    calendar_ends(token) zh "校历在“{token}”之前就结束了" en "the calendar ends before \"{token}\"";
    no_attendance_source(school) zh "学校“{school}”没有考勤来源，点名无处可来" en "school \"{school}\" has no attendance source to bring its roll call";
    bad_known_at(value, known) zh "known_at 里的“{value}”既不是学校、班级，也不是时段；时段有：{known}" en "\"{value}\" under known_at is neither a school nor a class nor a slot; slots: {known}";
    no_known_at(pupil) zh "known_at 没有说到“{pupil}”的学校或班级" en "known_at says nothing about the school or class of \"{pupil}\"";
    cannot_be_written(status) zh "“{status}”不是导出文件能写的状态" en "\"{status}\" is no status that an export can state";
    bad_policy(path) zh "配置 {path} 有问题：" en "the configuration {path} has problems:";
    policy_line(text) zh "  {text}" en "  {text}";
    at_line(file, line, text) zh "{file}:{line}: {text}" en "{file}:{line}: {text}";
    cannot_be_told(count) zh "{count} 个故事读不懂，没有运行" en "{count} stories cannot be read and did not run";
    broke(why) zh "运行时出错：{why}" en "broke while playing: {why}";

    passed(title) zh "通过  {title}" en "pass  {title}";
    failed(title, file) zh "失败  {title}（{file}）" en "FAIL  {title} ({file})";
    summary(passed, failed) zh "{passed} 个通过，{failed} 个失败" en "{passed} passed, {failed} failed";
    wanted_head() zh "应当" en "wanted";
    got_head() zh "实际" en "got";
    nothing() zh "（没有）" en "(nothing)";
    out_of_order() zh "内容都对，但先后次序不对" en "all there, but in another order";
    section_at(section, at) zh "{section}（{at} 时）" en "{section} (at {at})";
    strip_head(pupil) zh "{pupil} 的考勤：" en "the days of {pupil}:";
}
