//! Messages about problems of the configuration: what is wrong, and the way out.

// ---------------------------------------------------------------- values
messages! {
    severity_warning() zh "警告" en "warning";
    severity_note() zh "说明" en "note";

    bad_yaml(reason) zh "这个文件不是合法的 YAML：{reason}" en "this file is not valid YAML: {reason}";
    hint_bad_yaml() zh "检查这一行和上一行的缩进、冒号后的空格、引号和括号是否成对" en "look at this line and the one before: indentation, a space after the colon, quotes and brackets in pairs";

    unknown_key(key) zh "没有“{key}”这个配置项" en "there is no key `{key}` here";
    duplicate_key(key) zh "“{key}”写了两次" en "`{key}` is given twice";
    hint_duplicate_key() zh "删掉其中一处" en "remove one of the two";
    missing_key(key) zh "缺少“{key}”" en "`{key}` is missing";
    hint_missing_key(key) zh "在这里加上 {key}: …" en "add {key}: … here";
    hint_did_you_mean(word) zh "是不是想写“{word}”？" en "did you mean `{word}`?";
    hint_known(words) zh "可以写的有：{words}" en "what can stand here: {words}";
    unknown_word(word) zh "不认识“{word}”" en "`{word}` is not known here";
    not_yet(word) zh "“{word}”在这个版本里还不能用" en "`{word}` is not yet part of this version";
    hint_not_yet() zh "先删掉这一项；以后的版本会支持" en "leave it out for now; a later version will have it";

    want_map(found) zh "这里应该是“键: 值”的列表，写的却是 {found}" en "a map of keys and values should stand here, found {found}";
    hint_want_map() zh "写成 {{键: 值, …}}，或者换行缩进后每行一个“键: 值”" en "write {{key: value, …}}, or one `key: value` a line, indented";
    want_list(found) zh "这里应该是一个列表，写的却是 {found}" en "a list should stand here, found {found}";
    hint_want_list() zh "写成 [一, 二]，或者每行一个“- ”开头的条目" en "write [a, b], or one entry a line beginning with `- `";
    want_text(found) zh "这里应该是一个单独的值，写的却是 {found}" en "a single value should stand here, found {found}";
    hint_want_text() zh "写成一个词、一个数或一段文字，不要写成列表或“键: 值”" en "write one word, number or text, neither a list nor `key: value`";
    want_word(found) zh "这里应该是一个词，写的却是 {found}" en "a word should stand here, found {found}";
    want_whole(text) zh "“{text}”不是整数" en "`{text}` is not a whole number";
    hint_whole() zh "写 3 这样的整数，不带单位、引号和小数" en "write a whole number such as 3, without unit, quotes or fraction";
    hint_whole_days() zh "整天写 3 这样的整数；半天和节次用 parts: true、sessions 或 lessons 来算" en "whole days are a whole number such as 3; halves are counted by parts: true, sessions or lessons";
    want_bool(found) zh "这里应该是 true 或 false，写的却是 {found}" en "true or false should stand here, found {found}";
    hint_bool() zh "写 true 或 false，不加引号" en "write true or false, without quotes";
    empty_text() zh "这里不能是空的" en "this must not be empty";
    hint_empty_text() zh "写上内容，或者删掉这一项" en "write something, or leave the key out";
    duration_without_unit(text) zh "时长“{text}”没有单位" en "the duration `{text}` has no unit";
    hint_duration_unit(text) zh "写成 {text}s（秒）、{text}m（分钟）或 {text}h（小时）" en "write {text}s (seconds), {text}m (minutes) or {text}h (hours)";
    bad_duration(text) zh "“{text}”不是时长" en "`{text}` is not a duration";
    hint_duration() zh "时长写成数字加单位：10s、15m、24h" en "a duration is a number with its unit: 10s, 15m, 24h";
    bad_share(text) zh "“{text}”不是比例" en "`{text}` is not a share";
    hint_share() zh "比例写成 5% 或 1/20" en "a share is written 5% or 1/20";
    hint_share_as(percent) zh "比例带百分号或写成分数：这里可能是 {percent}%" en "a share has its % or is a fraction: perhaps {percent}% is meant";
    share_too_big(text) zh "比例“{text}”超过了 100%" en "the share `{text}` is more than 100%";
    hint_share_too_big() zh "写不超过 100% 的比例，例如 50% 或 1/2" en "write a share of at most 100%, such as 50% or 1/2";
    bad_number(text) zh "“{text}”不是数" en "`{text}` is not a number";
    hint_number() zh "写不小于 0 的数，可以是分数：3、1.5、1/2；单位不写在这里，由前面的键说明" en "write a number that is not below 0, a fraction may stand for it: 3, 1.5, 1/2; the unit is the key, not part of the value";
    inexact(text, written) zh "“{text}”正好是 {written}，不是三分之一那样的分数：几个加起来到不了整数" en "`{text}` is exactly {written}, not the fraction that it stands for: several of them never make a whole";
    hint_inexact(fraction) zh "写成分数 {fraction}" en "write the fraction {fraction}";
    bad_date(text) zh "“{text}”不是日期" en "`{text}` is not a date";
    hint_date() zh "日期写成 2026-09-01" en "a date is written 2026-09-01";
    bad_time(text) zh "“{text}”不是一天里的时间" en "`{text}` is not a time of day";
    hint_time() zh "时间写成带引号的 \"08:30\"" en "a time of day is written \"08:30\", in quotes";
    time_unquoted(text) zh "时间 {text} 没有加引号" en "the time {text} is not in quotes";
    hint_time_quoted(text) zh "写成 \"{text}\"：不加引号时有的程序会把它当成数字" en "write \"{text}\": without quotes some programs read it as a number";
    bad_weekday(text) zh "“{text}”不是星期几" en "`{text}` is not a day of the week";
    bad_range(text) zh "“{text}”不是数字或数字范围" en "`{text}` is not a number or a range of numbers";
    hint_range() zh "写成 3、1-6 或 [1, 2, 3]" en "write 3, 1-6 or [1, 2, 3]";
}

// ---------------------------------------------------------------- files
messages! {
    no_file(path) zh "找不到文件 {path}" en "there is no file {path}";
    unreadable_file(path, why) zh "读不了文件 {path}：{why}" en "the file {path} cannot be read: {why}";
    not_utf8(path) zh "文件 {path} 不是 UTF-8 编码" en "the file {path} is not in UTF-8";
    hint_no_root() zh "用 --config 指出配置文件；没有的话先运行 kongchuo init 目录" en "name the file with --config; if there is none yet, run kongchuo init DIR";
    hint_include() zh "include 里的路径从主配置文件所在的文件夹算起" en "paths under include count from the folder of the root file";
    include_nested() zh "include 只能写在主配置文件里" en "include can only stand in the root file";
    hint_include_nested() zh "把这些文件名移到主配置文件的 include 里" en "move these names to include of the root file";
    section_twice(key, place) zh "“{key}”在 {place} 已经写过了" en "`{key}` is already given at {place}";
    section_missing(section) zh "这个文件里没有 {section}" en "this file has no {section}";
    hint_section_missing(section)
        zh "把要试的内容写在“{section}:”下面，写法与配置里相同"
        en "write what is to be tried under `{section}:`, as in the configuration";
    hint_no_section_file() zh "检查文件名；相对路径从当前文件夹算起" en "check the name; a relative path counts from the current folder";
    hint_section_twice() zh "一个部分只能写在一个文件里：把两处合成一处" en "a section stands in one file only: join the two";
}

// ---------------------------------------------------------------- references and forms
messages! {
    bad_id(id) zh "“{id}”不能用作编号" en "`{id}` cannot be an id";
    hint_id() zh "只用字母、数字、- 和 _，例如 cs-primary" en "use letters, digits, - and _ only, such as cs-primary";
    id_twice(id) zh "“{id}”重复了" en "`{id}` is there twice";
    hint_id_twice() zh "改成不同的名字，或者删掉一处" en "give it another name, or remove one of the two";
    need_one_of(words) zh "这里缺少其中一项：{words}" en "one of these is missing here: {words}";
    hint_heartbeat() zh "写 url、file，或者两项都写" en "give url, file, or both";
    only_one_of(words) zh "这几项只能写一项：{words}" en "only one of these can be given: {words}";
    hint_only_one() zh "留下一项，删掉其余的" en "keep one, remove the others";
    not_zero() zh "这里不能是 0" en "this must be more than 0";
    hint_at_least_one() zh "写 1 或更大的数；不需要这一项就删掉它" en "write 1 or more; where it is not needed leave the key out";
    too_short(seconds) zh "至少 {seconds} 秒" en "this must be at least {seconds} s";
    empty_list() zh "这个列表不能是空的" en "this list must not be empty";
    hint_empty_list() zh "至少写一项，或者删掉这个键" en "name at least one, or leave the key out";
    ends_before_it_begins() zh "结束早于开始" en "this ends before it begins";
    hint_backwards() zh "把开始和结束对调，或者改正其中一个" en "exchange the two, or put one of them right";
    bad_url(url) zh "“{url}”不是网址" en "`{url}` is not an address of the web";
    hint_url() zh "写完整的网址，以 http:// 或 https:// 开头" en "write the whole address, beginning with http:// or https://";
    hint_secret() zh "密钥写成 {{credential: 名字}}、{{file: 路径}} 或 {{env: 变量名}}，不要把密码本身写在配置里" en "write {{credential: NAME}}, {{file: PATH}} or {{env: NAME}}; the secret itself never stands in the file";
    secret_in_file() zh "这里应该写密钥从哪里来，不是密钥本身" en "this says where the secret comes from; the secret itself must not stand here";
    bad_credential(name) zh "“{name}”不是凭据的名字" en "`{name}` is not the name of a credential";
    bad_level(n) zh "级别 {n} 不在 1 到 9 之间" en "the level {n} is not between 1 and 9";
    hint_level() zh "级别写 1 到 9 的整数，越大越高" en "a level is a whole number from 1 to 9, the greater the higher";
}

// ---------------------------------------------------------------- township, calendar, schools
messages! {
    bad_code(code) zh "“{code}”不是 9 位的乡镇代码" en "`{code}` is not a township code of 9 digits";
    hint_code() zh "写国家统计局的 9 位乡级代码，加引号，例如 \"520123104\"" en "write the 9 digits of the statistical code in quotes, such as \"520123104\"";
    bad_zone(name) zh "没有“{name}”这个时区" en "there is no time zone `{name}`";
    zone_changes(name) zh "时区“{name}”有夏令时，不能用" en "the time zone `{name}` has summer time and cannot be used";
    hint_zone() zh "写 Asia/Shanghai" en "write Asia/Shanghai";
    no_terms() zh "一个学期也没有" en "there is no term";
    hint_no_terms() zh "在 calendar.terms 里写上学期：{{id: 2026-autumn, start: 2026-09-01, end: 2027-01-22}}；没有学期就没有上课日" en "name the terms under calendar.terms: {{id: 2026-autumn, start: 2026-09-01, end: 2027-01-22}}; without a term no day is a school day";
    terms_overlap(a, b) zh "学期“{a}”和“{b}”重叠" en "the terms `{a}` and `{b}` overlap";
    hint_terms_overlap() zh "改正开始或结束的日期：一天只在一个学期里" en "put start or end right: a day lies in one term only";
    open_beats_closed(date, reason) zh "{date} 同时写了停课（{reason}）和上课，范围一样细，按上课算" en "{date} is both closed ({reason}) and open, as closely named: it is read as open";
    open_outside_terms(date) zh "{date} 不在任何学期里，这一条不起作用" en "{date} lies outside every term, so this entry does nothing";
    hint_open_outside_terms() zh "改日期，或者把学期延长到这一天" en "change the date, or lengthen the term to it";
    bad_month_day(text) zh "“{text}”不是月和日" en "`{text}` is not a month and day";
    hint_month_day() zh "写成带引号的 \"09-01\"" en "write \"09-01\", in quotes";
    none_beside_files() zh "none 不能和文件写在一起" en "none cannot stand beside files";
    hint_none_beside_files() zh "留下 none（没有放假安排），或者留下文件" en "keep none (there are no holidays), or keep the files";
    bad_holidays(name) zh "{name} 不是放假安排文件" en "{name} is not a file of holidays";
    hint_holidays() zh "用公开的 holiday-cn 年度 JSON 文件（含 year、papers、days），或者 .ics 日历文件" en "use the public holiday-cn JSON of a year (year, papers, days), or an .ics calendar";
    year_unknown(year) zh "{year} 年有学期，却没有公布的放假安排" en "there are terms in {year}, but no announced holidays for it";
    hint_year_unknown(year) zh "国务院办公厅公布后，下载 holiday-cn 的 {year}.json 放进来，在 holidays 里加上它" en "once announced, fetch {year}.json of holiday-cn and add it to holidays";
    no_schools() zh "一所学校也没有" en "there is no school";
    hint_no_schools() zh "在 schools 里至少写一所学校：id、name、stage" en "name at least one school under schools: id, name, stage";
    unknown_school(id) zh "没有编号为“{id}”的学校" en "there is no school `{id}`";
    bad_grade(n) zh "没有 {n} 年级" en "there is no grade {n}";
    hint_grade() zh "年级写 1 到 12：小学 1-6，初中 7-9，高中 10-12" en "grades are 1 to 12: primary 1-6, junior 7-9, senior 10-12";
    bad_stage_grades() zh "一个学段的年级要连在一起，写成 1-6 这样" en "the grades of a stage are one range, such as 1-6";
    grade_in_two_stages() zh "同一个年级写在两个学段里" en "a grade is in two stages";
    grade_without_stage(n) zh "{n} 年级不属于任何学段" en "grade {n} is in no stage";
    hint_stage_map() zh "写成 stage: {{primary: 1-6, junior: 7-9}}，每个年级只在一个学段里" en "write stage: {{primary: 1-6, junior: 7-9}}, each grade in one stage only";
    grade_not_here(n) zh "这所学校没有 {n} 年级" en "this school has no grade {n}";
    hint_grade_not_here() zh "删掉这个年级，或者把它加进学校的 grades" en "remove the grade, or add it to grades of the school";
    bad_lessons(most) zh "一天的节次应该在 1 到 {most} 之间" en "a day has between 1 and {most} periods";
    hint_lessons() zh "写一天的课时数，不是一周的" en "write the periods of a day, not of a week";
    unknown_period(text) zh "没有“{text}”这一节" en "there is no period `{text}`";
    unknown_slot(text) zh "没有“{text}”这个时段" en "there is no slot `{text}`";
    slot_clashes(id) zh "时段“{id}”和一节课同名" en "the slot `{id}` has the name of a period";
    hint_slot_clashes() zh "换一个名字，例如 am、pm、evening；day 总是指全天" en "give it another name, such as am, pm, evening; day is always the whole day";
    slot_without_periods(id) zh "没有写节次，不能有时段“{id}”" en "without periods there can be no slot `{id}`";
    hint_slot_without_periods() zh "先写 lessons: 6，或者用 periods 列出每一节" en "write lessons: 6 first, or list the periods";
    weeks_beside_weekend() zh "写了 weeks 就不能再写 weekend 和 half_days" en "weeks cannot stand beside weekend and half_days";
    hint_weeks_beside_weekend() zh "把 weekend 和 half_days 移到 weeks 的每一周里" en "move weekend and half_days into each of the weeks";
    weeks_without_from() zh "轮换的周需要 from：从哪一周数起" en "weeks that alternate need from: which week is the first";
    class_twice(text, class) zh "“{text}”就是“{class}”，写了两次" en "`{text}` is the class `{class}`, which is there twice";
    role_not_configured(role) zh "“{role}”由学籍决定，不在这里写" en "`{role}` comes from the register and is not set here";
    hint_role_not_configured() zh "删掉它：家长、班主任的电话来自学籍文件和学校的 homerooms" en "remove it: guardians come from the register, homeroom teachers from homerooms of the school";
}

// ---------------------------------------------------------------- sources
messages! {
    bad_status_id(id) zh "“{id}”不能用作状态的名字" en "`{id}` cannot be the name of a status";
    status_built_in(id) zh "状态“{id}”是自带的" en "the status `{id}` is built in";
    hint_status_built_in() zh "要给它添词，写在 sources 的 reader.statuses 里；要新的状态，换一个名字" en "give it further words under reader.statuses of a source, or give a status of your own another name";
    hint_status_sets() zh "写 in: [absent]（属于哪些集合），或 like: sick（和哪个状态一样）" en "write in: [absent] (the sets it is in), or like: sick (the status it is like)";
    word_twice(word) zh "“{word}”已经是另一个状态的词" en "`{word}` is already a word of another status";
    hint_word_twice() zh "一个词只能归一个状态：删掉一处" en "a word belongs to one status: remove it from one of them";
    unknown_status(word) zh "没有“{word}”这个状态或集合" en "there is no status or set `{word}`";
    of_nothing() zh "这里一个状态也没有算上" en "no status counts here";
    hint_of() zh "写一个集合（unexcused 无故、excused 请假、absent 缺勤）或状态（truant、late …）" en "write a set (unexcused, excused, absent, missing) or a status (truant, late …)";
    weighs_nothing(name) zh "“{name}”的权重是 0，写和不写一样" en "`{name}` weighs 0, which is as if it were not there";
    hint_weighs_nothing() zh "删掉它；要从一个集合里去掉某个状态，写 {{absent: 1, sick: 0}} 这样的状态名" en "remove it; to take a status out of a set name the status: {{absent: 1, sick: 0}}";
    unknown_field(word) zh "没有“{word}”这一列" en "there is no field `{word}`";
    exceptions_not_attendance() zh "只有考勤才有缺勤名单（exceptions）" en "only attendance can be a list of exceptions";
    hint_exceptions_not_attendance() zh "删掉 coverage，或者写 content: attendance" en "remove coverage, or write content: attendance";
    glob_with_folder(text) zh "match 只管文件名，“{text}”里有文件夹" en "match is about file names only, `{text}` has a folder in it";
    hint_glob() zh "文件夹写在 path 里，match 写成 \"*.xlsx\"" en "put the folder into path and write match as \"*.xlsx\"";
    hint_poll() zh "写时长（10s、5m）或五段的定时表达式（\"*/5 7-18 * * *\"）" en "write a duration (10s, 5m) or a cron expression of five fields (\"*/5 7-18 * * *\")";
    bad_keep(text) zh "不明白要保留多久：“{text}”" en "how long to keep files is not clear: `{text}`";
    hint_keep() zh "写 1 term（一个学期）或天数 90d" en "write 1 term, or days such as 90d";
    cron_fields(text, n) zh "定时表达式“{text}”有 {n} 段，应该是 5 段" en "the cron expression `{text}` has {n} fields, it should have 5 fields";
    cron_bad(text) zh "看不懂定时表达式“{text}”" en "the cron expression `{text}` cannot be read";
    cron_weekday(text) zh "星期“{text}”要写英文缩写" en "the weekday `{text}` must be written by name";
    cron_both_days(text) zh "“{text}”同时限定了日期和星期" en "`{text}` gives both the day of the month and the weekday";
    cron_never(text) zh "“{text}”永远不会到" en "`{text}` can never fire";
    hint_cron() zh "五段依次是：分 时 日 月 星期，例如 \"*/5 7-18 * * *\"" en "the five fields are minute, hour, day, month, weekday, such as \"*/5 7-18 * * *\"";
    hint_cron_weekday() zh "写 mon-fri 这样的名字：数字在不同程序里意思不同" en "write names such as mon-fri: numbers mean different days in different programs";
    hint_cron_both_days() zh "把日期或星期换成 *" en "make one of the two *";
    hint_cron_never() zh "检查日和月：例如 2 月没有 30 日" en "look at day and month: February has no 30th";
    folder_twice(id) zh "来源“{id}”已经在读这个文件夹的这些文件" en "the source `{id}` already reads these files of this folder";
    hint_folder_twice() zh "给每个来源一个文件夹，或者用 match 分开" en "give each source a folder of its own, or tell them apart by match";
    school_without_source(id) zh "学校“{id}”没有考勤来源" en "the school `{id}` has no source of attendance";
    hint_school_without_source(id) zh "在 sources 里加一个 school: {id}、content: attendance 的来源" en "add a source with school: {id} and content: attendance";
    no_register() zh "没有学籍来源（content: register），不知道学生是谁" en "there is no source of the register (content: register): pupils will be unknown";
}

// ---------------------------------------------------------------- contacts, channels, templates
messages! {
    no_address() zh "这个人既没有电话也没有邮箱" en "this person has neither phone nor email";
    hint_no_address() zh "至少写 phone 或 email 中的一项" en "give at least one of phone and email";
    bad_phone() zh "这不是电话号码" en "this is not a phone number";
    hint_phone() zh "写 11 位手机号或带区号的座机，加引号" en "write a mobile number of 11 digits or a landline with its area code, in quotes";
    bad_email() zh "这不是邮箱地址" en "this is not an email address";
    hint_email() zh "写成 name@example.cn" en "write name@example.cn";
    hint_from() zh "写成 \"镇教育办 <alert@example.cn>\"" en "write \"Education office <alert@example.cn>\"";
    office_without_people() zh "这个单位一个人也没有" en "this office has no people";
    hint_office_without_people() zh "在 people 里至少写一个人：{{name: …, phone: …}}，或者删掉这个单位" en "name at least one under people: {{name: …, phone: …}}, or remove the office";
    bad_quiet() zh "免打扰时间要写两个不同的时间" en "quiet hours are two different times";
    hint_quiet() zh "写成 [\"21:00\", \"07:00\"]：开始和结束" en "write [\"21:00\", \"07:00\"]: start and end";
    unknown_role(role) zh "没有人担任“{role}”" en "nobody has the role `{role}`";
    hint_unknown_role(role) zh "在 contacts.offices 里加上 {role}，或者写在每所学校的 contacts 里" en "add {role} under contacts.offices, or under contacts of every school";
    no_operator() zh "没有 operator（系统管理员）：出了毛病没有人知道" en "there is no operator: nobody would hear that something is wrong";
    hint_no_operator() zh "在 contacts.offices 里加上 operator: {{name: …, people: [{{name: …, phone: …}}]}}" en "add operator: {{name: …, people: [{{name: …, phone: …}}]}} under contacts.offices";
    no_operations() zh "没有叫 operations 的阶梯：导出文件没来、通道断了时没有人知道" en "there is no ladder `operations`: nobody would hear of missing exports or broken channels";
    hint_no_operations() zh "在 ladders 里加一个 id: operations 的阶梯；kongchuo init 写的例子里有" en "add a ladder with id: operations; the example that kongchuo init writes has one";
    key_of_other_kind(key, kind) zh "“{kind}”通道没有“{key}”这一项" en "a channel of kind `{kind}` takes no `{key}`";
    mail_in_the_clear(host) zh "往 {host} 发信不能不加密" en "mail to {host} must be encrypted";
    hint_mail_in_the_clear() zh "写 tls: implicit 或 starttls；不加密只能发给本机" en "write tls: implicit or starttls; without, only this machine can be reached";
    bad_port(n) zh "没有端口 {n}" en "there is no port {n}";
    hint_port() zh "邮件常用 465（tls: implicit）或 587（tls: starttls）" en "mail mostly uses 465 (tls: implicit) or 587 (tls: starttls)";
    user_and_password() zh "user 和 password 要一起写" en "user and password go together";
    query_missing() zh "on_unknown: query 要问网关，但没有写 query" en "on_unknown: query asks the gateway, but there is no `query`";
    hint_query_missing() zh "写上 query（url、state、accepted、delivered、failed、absent）；否则问不到时改告下一位联系人" en "add `query` (url, state, accepted, delivered, failed, absent); without it the next contact is told";
    query_unused() zh "写了 query，但没有 on_unknown: query，不会去问" en "`query` is never used without on_unknown: query";
    hint_query_unused() zh "加上 on_unknown: query" en "add on_unknown: query";
    query_of_other_kind(kind) zh "{kind} 通道没有可问的网关，不能用 on_unknown: query" en "channels of kind {kind} have no gateway to ask: on_unknown cannot be `query`";
    hint_on_unknown() zh "可以写的有：idempotent、resend_once、next_contact" en "what can stand here: idempotent, resend_once, next_contact";
    callback_address() zh "listen 必须是本机回环地址和端口" en "`listen` must be a loopback address with its port";
    hint_callback_address() zh "例如 127.0.0.1:8093，由前面的反向代理转来" en "such as 127.0.0.1:8093, with a reverse proxy in front of it";
    callback_path() zh "path 太短或有不能用的字符" en "`path` is too short or has characters that cannot be used";
    hint_callback_path() zh "以 / 开头，至少 16 个字母或数字，让人猜不到" en "begin with /, at least 16 letters and digits, so that nobody guesses it";
    callback_taken(address) zh "{address} 已被另一个通道占用" en "{address} is taken by another channel";
    hint_user_and_password() zh "两项都写，或者都删掉" en "give both or none";
    body_with_get() zh "GET 请求没有 body" en "a GET request has no body";
    hint_body_with_get() zh "写 method: POST，或者把参数放进 url" en "write method: POST, or put the values into the url";
    bad_header(name) zh "“{name}”不能用作请求头" en "`{name}` cannot be a header";
    hint_header() zh "请求头的名字只用英文字母、数字和 -，例如 Authorization" en "the name of a header takes letters, digits and -, such as Authorization";
    gateway_without(word) zh "请求里没有 {word}" en "the request does not carry {word}";
    hint_gateway_without(word) zh "在 url、headers 或 body 里写上 {{{{ {word} }}}}" en "put {{{{ {word} }}}} into url, headers or body";
    bad_pointer(text) zh "“{text}”不是 JSON 指针" en "`{text}` is not a JSON pointer";
    hint_pointer() zh "以 / 开头，例如 /data/code" en "it begins with /, such as /data/code";
    errors_without_pointer() zh "有 errors，却不知道错误码在回答的哪里" en "errors is given, but not where the code stands in the answer";
    unknown_variable(name) zh "这里没有变量“{name}”" en "there is no variable `{name}` here";
    variable_of_offices(template, role) zh "模板“{template}”里有 case，可是“{role}”不能看案件编号和级别" en "the template `{template}` names case, which `{role}` may not see";
    hint_variable_of_offices() zh "从模板里去掉 case.…，或者给这个角色另写一个模板" en "take case.… out of the template, or give this role a template of its own";
    dropout_to_guardian(template) zh "模板“{template}”发给家长，不能有“辍学”这个词" en "the template `{template}` goes to guardians and must not hold the word 辍学";
    hint_dropout_to_guardian() zh "写“未到校”" en "write 未到校 (did not come to school)";
    unknown_secret(name) zh "这个通道的 secrets 里没有“{name}”" en "the channel's secrets have no `{name}`";
    hint_unknown_secret(name) zh "在这个通道下写 secrets: {{{name}: {{credential: …}}}}（或 {{file: …}}）" en "write secrets: {{{name}: {{credential: …}}}} (or {{file: …}}) in this channel";
    hint_template_filter() zh "只能用 minijinja 自带的过滤器和函数，例如 upper、length、default" en "only the filters and functions that minijinja brings can be used, such as upper, length, default";
    operations_without_operator() zh "operations 阶梯没有一级通知 operator：通道断了、导出文件没来时，看服务器的人不知道" en "no rung of the ladder `operations` tells the operator: whoever looks after the server would not hear of broken channels or missing exports";
    hint_operations_without_operator() zh "给 operations 加一级：{{id: operator, at: {{after: 0h}}, to: [operator], via: [letters]}}" en "add a rung to operations: {{id: operator, at: {{after: 0h}}, to: [operator], via: [letters]}}";
    bad_template(why) zh "看不懂这个模板：{why}" en "this template cannot be read: {why}";
    hint_template() zh "变量写成 {{{{ 名字 }}}}，检查括号是否成对" en "a variable is written {{{{ name }}}}; look whether the brackets pair up";
    bad_rate(text) zh "“{text}”不是速率" en "`{text}` is not a rate";
    hint_rate() zh "写成 10/s（每秒）、20/m（每分钟）或 100/h" en "write 10/s (a second), 20/m (a minute) or 100/h";
    no_folder() zh "演练时所有信件写进文件夹，却没有 kind: folder 的通道" en "in rehearsal every letter goes to a folder, but no channel is of kind folder";
    hint_no_folder() zh "加上 letters: {{kind: folder, path: letters}}" en "add letters: {{kind: folder, path: letters}}";
    unknown_channel(id) zh "没有“{id}”这个通道" en "there is no channel `{id}`";
    unknown_template(id) zh "没有“{id}”这个模板" en "there is no template `{id}`";
    hint_template_family() zh "至少写 sms: 或 email: 中的一种" en "write at least one of sms: and email:";
}

// ---------------------------------------------------------------- rules
messages! {
    not_kebab(id) zh "规则的编号“{id}”要用小写字母、数字和 -" en "the id of a rule, `{id}`, takes small letters, digits and -";
    hint_kebab() zh "例如 truancy-3d" en "such as truancy-3d";
    bad_age(n) zh "年龄 {n} 不对" en "{n} is no age";
    hint_age() zh "周岁写 0 到 99 的整数：age: {{from: 6, to: 15}}" en "full years are whole numbers from 0 to 99: age: {{from: 6, to: 15}}";
    unknown_ladder(id) zh "没有“{id}”这个阶梯" en "there is no ladder `{id}`";
    unknown_span(id) zh "日历里没有“{id}”这个时间段" en "the calendar has no span `{id}`";
    no_condition() zh "这里没有条件" en "there is no condition here";
    two_conditions(name) zh "一处只能有一个条件，“{name}”是多出来的" en "only one condition can stand here, `{name}` is one too many";
    hint_two_conditions() zh "要同时满足写 all: [{{…}}, {{…}}]，满足其一写 any: […]" en "write all: [{{…}}, {{…}}] for both, any: […] for either";
    condition_of_group(name) zh "“{name}”说的是班级或学校，不是学生" en "`{name}` is about a class or a school, not a pupil";
    hint_condition_of_group() zh "在规则里写 subject: class 或 subject: school" en "write subject: class or subject: school in the rule";
    condition_of_pupil(name) zh "“{name}”说的是学生，不是班级或学校" en "`{name}` is about a pupil, not a class or a school";
    hint_condition_of_pupil() zh "去掉 subject，或者换成 cluster 等条件" en "leave subject out, or use a condition such as cluster";
    parts_without_days() zh "parts 只能和 days 一起用" en "parts goes with days only";
    hint_parts() zh "用 days: 写界限，或者去掉 parts" en "write the threshold as days:, or remove parts";
    more_than_there_are(k, n) zh "最近 {n} 次里不可能有 {k} 次" en "there cannot be {k} among the last {n}";
    hint_more_than_there_are() zh "at_least 写得不大于 of_last" en "at_least must not be more than of_last";
    hint_threshold() zh "days: 3 是满 3 天，days: {{over: 5}} 是超过 5 天" en "days: 3 means 3 or more, days: {{over: 5}} means more than 5";
    run_without_consecutive() zh "within: run 旁边没有 consecutive" en "within: run has no consecutive beside it";
    hint_run() zh "和 consecutive 写在同一个 all 里" en "put it into one all together with a consecutive";
    window_of_pupil(word) zh "班级和学校没有“{word}”这种范围" en "a class or a school has no window `{word}`";
    hint_window() zh "例如 within: {{school_days: 20}}、{{calendar_days: 30}}、week、month、term" en "such as within: {{school_days: 20}}, {{calendar_days: 30}}, week, month, term";
    clips_nothing(word) zh "这里的 clip: {word} 什么也没有截掉" en "clip: {word} cuts nothing off here";
    hint_clips_nothing() zh "删掉 clip，或者写会超出学期（学年）的 within" en "remove clip, or give a within that reaches beyond the term (school year)";
    window_crosses_terms() zh "这种范围总是跨学期，across_terms: false 在这里不起作用" en "this window always goes on over terms: across_terms: false does nothing here";
    hint_window_crosses_terms() zh "要在学期开始处截断，写 clip: term" en "to cut it at the start of the term write clip: term";
    flag_without_window(word) zh "没有 within，“{word}”不起作用" en "without within, `{word}` does nothing";
    hint_flag_without_window() zh "加上 within: …，或者删掉这一项" en "add within: …, or remove this key";
    never_true(days) zh "这个条件永远不会成立：范围里最多 {days} 天" en "this can never be true: the window has at most {days} day(s)";
    never_more_than_all() zh "这个条件永远不会成立：占比不会超过 100%" en "this can never be true: a share is never more than 100%";
    hint_never_more_than_all() zh "写小一些的比例，或者用 at_least: 100%" en "write a smaller share, or at_least: 100%";
    hint_never_true() zh "降低界限，或者放宽 within" en "lower the threshold, or widen within";
    true_of_everybody() zh "这个条件对几乎每个学生每天都成立：它只有 not" en "this is true of almost every pupil on every day: it has nothing but not";
    hint_true_of_everybody() zh "把 not 和要认定的情况写在同一个 all 里：all: [{{consecutive: …}}, {{not: …}}]" en "put the not into one all beside what is to be found: all: [{{consecutive: …}}, {{not: …}}]";
    rule_reaches_nobody(id) zh "规则“{id}”管不到任何学校" en "the rule `{id}` reaches no school";
    hint_rule_reaches_nobody(schools) zh "改 where，或者删掉这条规则。学校有：{schools}" en "change where, or remove the rule. The schools are: {schools}";
    rule_needs_periods(id, school) zh "规则“{id}”按节次或课时算，学校“{school}”没有节次" en "the rule `{id}` counts lessons or hours, the school `{school}` has no periods";
    hint_rule_needs_periods() zh "给学校写 lessons 或 periods，或者用 where 把它排除" en "give the school lessons or periods, or keep the rule from it by where";
    rule_needs_sessions(id, school) zh "规则“{id}”按半天算，学校“{school}”没有 sessions" en "the rule `{id}` counts sessions, the school `{school}` has none";
    hint_rule_needs_sessions() zh "给学校写 slots 和 sessions: [am, pm]，或者用 where 把它排除" en "give the school slots and sessions: [am, pm], or keep the rule from it by where";
    rule_needs_slot(id, slot, school) zh "规则“{id}”要看时段“{slot}”，学校“{school}”没有" en "the rule `{id}` looks at the slot `{slot}`, which the school `{school}` does not have";
    hint_rule_needs_slot(slot) zh "给学校写 slots: {{{slot}: {{periods: …}}}}，或者用 where 把它排除，或者去掉 slots 里的 {slot}" en "give the school slots: {{{slot}: {{periods: …}}}}, keep the rule from it by where, or take {slot} out of slots";
    rule_without_ladder(id) zh "规则“{id}”没有阶梯：只显示，不通知任何人" en "the rule `{id}` has no ladder: it is shown, and nobody is told";
}

// ---------------------------------------------------------------- ladders
messages! {
    no_rungs() zh "这个阶梯一级也没有" en "this ladder has no rungs";
    hint_no_rungs() zh "至少写一级：{{id: homeroom, at: {{after: 0m}}, to: [homeroom], via: [sms]}}" en "write at least one: {{id: homeroom, at: {{after: 0m}}, to: [homeroom], via: [sms]}}";
    rung_id_taken(id) zh "“{id}”是程序自己用的名字，不能作为一级的编号" en "`{id}` is a name of the program's own and cannot be a rung";
    hint_rung_id_taken() zh "换一个名字，例如 guardian-1" en "give it another name, such as guardian-1";
    waits_for_itself(id) zh "“{id}”在等它自己，永远不会到" en "`{id}` waits for itself and can never be due";
    hint_waits() zh "让其中一级等别的：{{after: 30m}} 或 {{level: 2}}" en "let one of them wait for something else: {{after: 30m}} or {{level: 2}}";
    unknown_rung(id) zh "这个阶梯里没有“{id}”这一级" en "this ladder has no rung `{id}`";
    unknown_mark(id) zh "这个阶梯里没有“{id}”这个标记" en "this ladder has no mark `{id}`";
    hint_due() zh "例如 {{after: 30m}}、{{after: {{school_days: 1}}, time: \"08:30\"}} 或 {{level: 2}}" en "such as {{after: 30m}}, {{after: {{school_days: 1}}, time: \"08:30\"}} or {{level: 2}}";
    hint_after() zh "例如 30m、2h、{{school_days: 1}}、{{calendar_days: 30}}" en "such as 30m, 2h, {{school_days: 1}}, {{calendar_days: 30}}";
    hint_unless() zh "可以写 acknowledged 或 {{act: visit}}" en "write acknowledged or {{act: visit}}";
    unless_on_statutory() zh "法定的一级不能有 unless：没有什么能免去它" en "a statutory rung cannot have unless: nothing excuses it";
    hint_unless_on_statutory() zh "去掉 unless，或者去掉 statutory: true" en "remove unless, or remove statutory: true";
    nobody_to_reach(rung, school) zh "在学校“{school}”，“{rung}”这一级谁也通知不到" en "at the school `{school}` the rung `{rung}` can reach nobody";
    hint_nobody_to_reach() zh "给这些角色中的一个写上这一级的通道要用的电话或邮箱" en "give one of these roles the phone or email that the rung's channels need";
    level_unreachable(name, level) zh "“{name}”等 {level} 级，可是没有规则会升到 {level} 级" en "`{name}` waits for level {level}, but no rule lifts a case that high";
    hint_level_unreachable(level) zh "给用这个阶梯的一条规则写 level: {level}，或者去掉这一级" en "give a rule with this ladder level: {level}, or remove this rung";
    document_to_guardian(document) zh "文书“{document}”不会由程序发给家长：这一级给家长的信里只有正文" en "the document `{document}` is never sent to a guardian by the program: their letter of this rung comes without it";
    hint_document_to_guardian() zh "把 guardian 放到另一级；文书由专人送达，送达后用 case serve 登记" en "tell the guardian by another rung; a person serves the document and records it with case serve";
    served_unreachable(name, document) zh "“{name}”等文书“{document}”送达，可是没有一级出这种文书" en "`{name}` waits for the document `{document}` to be served, but no rung makes one";
    hint_served_unreachable(document) zh "在前面的一级加上 document: {document}" en "add document: {document} to a rung before it";
    ladder_unused(id) zh "没有规则用阶梯“{id}”" en "no rule uses the ladder `{id}`";
}

// ---------------------------------------------------------------- secrets
messages! {
    secret_no_directory(name) zh "拿不到凭据“{name}”：程序不是由 systemd 带着凭据启动的" en "the credential `{name}` is not to be had: systemd did not start the program with credentials";
    hint_secret_credential(name) zh "在 systemd 单元里写 LoadCredential={name}:路径，或者在配置里改用 {{file: 路径}}" en "write LoadCredential={name}:PATH into the unit, or use {{file: PATH}} in the configuration";
    secret_unreadable(path) zh "读不了密钥文件 {path}" en "the secret file {path} cannot be read";
    hint_secret_unreadable() zh "检查文件是否存在，程序的用户是否能读" en "look whether the file is there and the program's user may read it";
    secret_open_to_others(path) zh "密钥文件 {path} 别人也能读，不能用" en "the secret file {path} can be read by others and is refused";
    hint_secret_open(path) zh "运行 chmod 600 {path}" en "run chmod 600 {path}";
    secret_empty(place) zh "{place} 里的密钥是空的" en "the secret in {place} is empty";
    hint_secret_empty() zh "写入密钥：一行" en "write the secret into it: one line";
    secret_no_variable(name) zh "没有设环境变量 {name}" en "the environment variable {name} is not set";
    hint_secret_variable(name) zh "设好 {name}，或者在配置里改用 {{credential: …}} 或 {{file: …}}" en "set {name}, or use {{credential: …}} or {{file: …}} in the configuration";
}

// ---------------------------------------------------------------- check and init
messages! {
    check_good(path, files, schools, rules, ladders) zh "{path}：没有问题（{files} 个文件，{schools} 所学校，{rules} 条规则，{ladders} 个阶梯）" en "{path}: no problems ({files} files, {schools} schools, {rules} rules, {ladders} ladders)";
    check_found(n) zh "共 {n} 个问题" en "{n} problem(s)";
    next_firings(source, poll, times) zh "来源 {source}（{poll}）接下来的五次：{times}" en "source {source} ({poll}), next five: {times}";
    live_folder(path, why) zh "打不开文件夹 {path}：{why}" en "the folder {path} cannot be opened: {why}";
    hint_live_folder() zh "建好这个文件夹，让程序的用户能读" en "make the folder and let the program's user read it";
    live_channel(id, why) zh "通道“{id}”不通：{why}" en "the channel `{id}` does not work: {why}";
    stored_ladder(id, hash) zh "数据库里阶梯“{id}”的旧版本 {hash} 已经读不懂了" en "the version {hash} of the ladder `{id}` in the database can no longer be read";
    hint_stored_ladder() zh "对还在用它的案件运行 kongchuo case migrate" en "run kongchuo case migrate for the cases that still climb it";
    unknown_home(home, n) zh "有 {n} 名学生的户籍乡镇“{home}”没有联系人，按本乡镇处理" en "{n} pupil(s) come from the township `{home}`, for which nobody is named: ours is told";
    hint_unknown_home() zh "在 contacts.home_townships 里加上它" en "add it under contacts.home_townships";
    init_exists(path) zh "{path} 已经在了，不会覆盖" en "{path} is already there and is not written over";
    hint_init_exists() zh "换一个空的文件夹" en "choose an empty folder";
    init_failed(path) zh "写不了 {path}" en "{path} cannot be written";
    init_done(dir) zh "例子已写入 {dir}。接下来：" en "the example is in {dir}. Next:";
    init_next(config) zh "  1. 按自己的乡镇修改这些 .yaml 文件\n  2. kongchuo --config {config} check\n  3. kongchuo --config {config} run\n现在是演练（mode: rehearsal）：所有信件只写进 letters 文件夹，不会发给任何人。" en "  1. change the .yaml files to your township\n  2. kongchuo --config {config} check\n  3. kongchuo --config {config} run\nThis is a rehearsal (mode: rehearsal): every letter is written to the folder letters and sent to nobody.";
}
