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
    want_word(found) zh "这里应该是一个词，写的却是 {found}" en "a word should stand here, found {found}";
    want_whole(text) zh "“{text}”不是整数" en "`{text}` is not a whole number";
    want_bool(found) zh "这里应该是 true 或 false，写的却是 {found}" en "true or false should stand here, found {found}";
    hint_bool() zh "写 true 或 false，不加引号" en "write true or false, without quotes";
    empty_text() zh "这里不能是空的" en "this must not be empty";
    duration_without_unit(text) zh "时长“{text}”没有单位" en "the duration `{text}` has no unit";
    hint_duration_unit(text) zh "写成 {text}s（秒）、{text}m（分钟）或 {text}h（小时）" en "write {text}s (seconds), {text}m (minutes) or {text}h (hours)";
    bad_duration(text) zh "“{text}”不是时长" en "`{text}` is not a duration";
    hint_duration() zh "时长写成数字加单位：10s、15m、24h" en "a duration is a number with its unit: 10s, 15m, 24h";
    bad_share(text) zh "“{text}”不是比例" en "`{text}` is not a share";
    hint_share() zh "比例写成 5% 或 1/20" en "a share is written 5% or 1/20";
    share_too_big(text) zh "比例“{text}”超过了 100%" en "the share `{text}` is more than 100%";
    bad_number(text) zh "“{text}”不是数" en "`{text}` is not a number";
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
