//! Messages of the commands that people type: tables, what the outbox says to a person's hand, explain and the climb.

use super::Lang;
use crate::domain::case::{Reason, State};
use crate::domain::notice::NoticeState;

messages! {
    // Reaching the data.
    read_not_logged() zh "没有显示：查看个人信息必须先登记，而现在登记不了" en "nothing is shown: a look at personal data must be written down first, and that is not possible now";
    socket_forbidden() zh "kongchuo 正在运行，但当前用户无权向它下命令" en "kongchuo is running, but this user may not give it commands";
    daemon_silent() zh "正在运行的 kongchuo 没有应答" en "the running kongchuo does not answer";
    daemon_strange() zh "正在运行的 kongchuo 是另一个版本：请重新启动它" en "the running kongchuo is another version: restart it";
    bad_date(text) zh "日期“{text}”看不明白；请写成 2026-09-16" en "the date \"{text}\" cannot be understood; write 2026-09-16";
    unknown_rule(rule) zh "设置里没有规则“{rule}”" en "the configuration has no rule \"{rule}\"";
    known_rules(list) zh "已有的规则：{list}" en "rules: {list}";
    nothing_found() zh "没有" en "nothing";
    man_unwritable(path) zh "手册页写不到 {path}" en "the manual pages cannot be written to {path}";

    // The outbox by hand.
    reason_needed() zh "请用 --reason 写明理由" en "say why with --reason";
    no_such_letter(id) zh "没有编号为 {id} 的通知或信件" en "there is no notice or letter {id}";
    not_a_letter(id) zh "“{id}”不是通知（N-000001）或信件（L-000001）的编号" en "\"{id}\" is no number of a notice (N-000001) or letter (L-000001)";
    statutory_stays() zh "这是法定的通知，不能手工暂停或取消：只有返校、更正或有凭据的结案能使它停止" en "this notice is demanded by law and cannot be held or cancelled by hand: only a return, a correction or a closing with evidence stops it";
    urgent_stays() zh "这是紧急的通知，不能手工暂停或取消" en "this notice is urgent and cannot be held or cancelled by hand";
    correction_stays() zh "这是更正或核实的通知，不能手工暂停或取消：已经告知的错误必须更正" en "this notice corrects what was told and cannot be held or cancelled by hand";
    on_its_way() zh "已经交给通道，不能再暂停或取消" en "it is in a channel's hands already and cannot be called back";
    gone_already() zh "已经发出，不能再暂停或取消" en "it has gone already and cannot be called back";
    nothing_waits() zh "没有在等待的通知" en "nothing of it waits";
    nothing_held() zh "没有暂停的通知" en "nothing of it is held";
    nothing_to_retry() zh "不需要重发：没有彻底失败的通知，也没有等待重试的信件" en "there is nothing to retry: nothing of it has failed for good or waits for another attempt";
    held_in_bulk() zh "这条通知因大面积缺课被压住，请按学校放行：kongchuo outbox release --by 经办人 --school 学校" en "this notice is held because of a mass absence; release the school: kongchuo outbox release --by WHO --school SCHOOL";
    goes_again() zh "将立即再次发送" en "it goes again at once";
    cancelled(n) zh "已取消 {n} 条通知" en "{n} notices cancelled";
    held_by_hand(n) zh "已暂停 {n} 条通知；放行：kongchuo outbox release 编号 --by 经办人" en "{n} notices held; let them go with: kongchuo outbox release NUMBER --by WHO";
    cancelled_by(by, why) zh "{by}取消：{why}" en "cancelled by {by}: {why}";
    waiting_head() zh "等待中的通知" en "Notices that wait";
    letters_head() zh "信件" en "Letters";
    earlier(n) zh "更早的 {n} 封没有列出；全部：--all" en "{n} earlier ones are not listed; all of them: --all";

    // Columns.
    col_case() zh "个案" en "case";
    col_pupil() zh "学生" en "pupil";
    col_name() zh "姓名" en "name";
    col_phone() zh "电话" en "phone";
    col_state() zh "状态" en "state";
    col_level() zh "级" en "level";
    col_opened() zh "开始" en "opened";
    col_closed() zh "结束" en "closed";
    col_next() zh "下一步" en "next";
    col_school() zh "学校" en "school";
    col_class() zh "班级" en "class";
    col_rule() zh "规则" en "rule";
    col_fired() zh "起" en "fired on";
    col_last() zh "至" en "last on";
    col_measure() zh "数值" en "measure";
    col_notice() zh "通知" en "notice";
    col_letter() zh "信件" en "letter";
    col_rung() zh "步骤" en "rung";
    col_to() zh "收件人" en "to";
    col_due() zh "应发" en "due";
    col_at() zh "时间" en "at";
    col_channel() zh "通道" en "channel";
    possible_repeat() zh "（可能重复）" en " (possible repeat)";
    col_attempts() zh "次数" en "attempts";
    col_incident() zh "事项" en "incident";
    col_kind() zh "类别" en "kind";
    col_subject() zh "对象" en "subject";
    col_what() zh "说明" en "what";
    still_open() zh "未结束" en "open";

    // explain and case show.
    head_days(marks) zh "出勤（{marks}）" en "Days ({marks})";
    head_findings() zh "规则的发现" en "Findings";
    label_because() zh "因为" en "because";
    label_clears() zh "怎样解除" en "way out";
    label_distance() zh "还差" en "how far";
    head_case(case, state, level) zh "个案 {case}：{state}，{level} 级" en "Case {case}: {state}, level {level}";
    number(number) zh "编号 {number}" en "number {number}";
    relapse_of(case) zh "前一个案 {case}" en "the one before: {case}";
    head_ledger() zh "经过" en "History";
    head_past(ladder) zh "{ladder}：已走的步骤" en "{ladder}: past rungs";
    head_future(ladder) zh "{ladder}：以后的步骤" en "{ladder}: rungs to come";
    head_marks() zh "标记" en "Marks";
    nothing_past() zh "还没有" en "none yet";
    nothing_to_come() zh "没有了" en "none";
    no_findings() zh "没有：按现有记录，没有规则成立" en "none: by what is recorded no rule is true";
    no_case() zh "没有个案" en "no case";
    no_days() zh "没有任何记录" en "nothing is recorded";
    stands_still(state) zh "个案{state}，流程停着" en "the case is {state}: the ladder stands still";
    waits_for(what) zh "等：{what}" en "waits for {what}";
    waits_level(level) zh "达到 {level} 级" en "level {level}";
    waits_act(kind) zh "登记{kind}" en "{kind} to be recorded";
    waits_served(document, after) zh "登记{document}送达（送达后{after}期满的次一工作日发）" en "{document} to be served (goes on the working day after {after} have passed)";
    waits_mark(mark) zh "标记{mark}" en "the mark {mark}";
    waits_rung(rung) zh "步骤 {rung} 发出或跳过" en "the rung {rung} to be sent or skipped";
    waits_leave() zh "请假结束" en "the leave to end";
    was_cancelled() zh "已取消：降级后不再需要" en "cancelled: the level that called for it is gone";
    statutory() zh "法定" en "statutory";
    attempt(n, of) zh "第 {n} 次重复（最多 {of} 次）" en "repeat {n} of at most {of}";
    due_was(at) zh "由 {at} 推后（免打扰时段或间隔）" en "put off from {at} (quiet hours or spacing)";
    put_off_by(by, at) zh "因{by}接手由 {at} 推迟" en "put off from {at} because {by} has taken the case on";
    goes_after_hold_until(at) zh "学校大面积缺课，暂缓：核实放行后发，最迟 {at} 自动放行" en "held while the school's absences are checked: goes when released, on {at} at the latest";
    goes_after_hold() zh "暂缓解除后才发" en "goes when the hold ends";
    not_if_acknowledged() zh "有人接手并登记了措施则不发" en "not sent if somebody has taken the case on and an act followed";
    not_if_act(act) zh "登记了{act}则不发" en "not sent if recorded by then: {act}";
    with_document(document) zh "附{document}" en "with {document}";
    stops_on_return(days, on) zh "回校上课满 {days}（最早{on}）则以下全部取消，已告知的人会收到返校通知" en "all of these are cancelled when the child has attended {days} ({on} at the earliest); everyone told hears of the return";
    stops_on_return_some_day(days) zh "回校上课满 {days}则以下全部取消，已告知的人会收到返校通知" en "all of these are cancelled when the child has attended {days}; everyone told hears of the return";
    put_off_by_taking_on(roles, holds) zh "{roles}接手（case acknowledge）则非法定的步骤推迟到接手后{holds}" en "when one of these takes the case on (case acknowledge): {roles}, what is not statutory waits {holds}";
    acts_prolong(by, holds) zh "{by}已接手：其间登记一次措施（case act），到期后再延长{holds}，只延长一次" en "{by} has taken the case on: an act recorded meanwhile (case act) prolongs that by {holds}, once";
    paused_by_leave() zh "正在请假：非法定的步骤等请假结束" en "on leave: what is not statutory waits for the leave to end";
    watched(until, of, days) zh "观察至 {until}；期间再{of}满 {days}，流程继续" en "watched until {until}; on {days} of {of} within that the climb goes on";
    marked_since(mark, at) zh "{mark}：{at} 起" en "{mark}: since {at}";
    marked_at(mark, at) zh "{mark}：继续缺课的话 {at} 标记（假期和观察期不计时）" en "{mark}: on {at} if the absence goes on (the clock stands still in holidays and while watched)";
    marked_after(mark, what) zh "{mark}：等{what}" en "{mark}: after {what}";
    mark_stands(mark) zh "{mark}：计时停着" en "{mark}: its clock stands still";
    ended_at(at) zh "{at} 走完" en "came to its end at {at}";
    exhausted_at(at) zh "{at} 重复也已走完，仍未返校：由人处理" en "exhausted at {at}, the child is not back: for people to act on";
    held_by(incident) zh "通知因大面积缺课暂缓（{incident}）；核实后用 outbox release 放行" en "held because of a mass absence ({incident}); let them go with outbox release";
    acknowledged_until(by, until) zh "{by}已接手，至 {until}" en "acknowledged by {by} until {until}";
    closed_because(reason) zh "结案：{reason}" en "closed: {reason}";
    identify_hint() zh "（用 --identify 显示）" en "(shown with --identify)";

    // Outcomes of rungs.
    out_noticed() zh "等待发出" en "waits to be sent";
    out_held() zh "暂缓" en "held";
    out_sent() zh "已告知" en "told";
    out_failed() zh "没能告知" en "could not be told";
    out_cancelled() zh "已取消" en "cancelled";
    out_skipped(why) zh "跳过：{why}" en "skipped: {why}";
    out_unreachable() zh "没有可用的联系方式" en "nobody could be reached";
    out_letter(channel, letter, state) zh "{channel} {letter} {state}" en "{channel} {letter} {state}";

    // States.
    case_open() zh "进行中" en "open";
    case_watching() zh "观察中" en "watching";
    case_closed() zh "已结案" en "closed";
    notice_waiting() zh "等待" en "waiting";
    notice_held() zh "暂停" en "held";
    notice_told() zh "已告知" en "told";
    notice_given_up() zh "无法送达" en "given up";
    notice_cancelled() zh "已取消" en "cancelled";
    report_written(file) zh "已写入 {file}" en "written to {file}";
    report_exists(file) zh "{file} 已经存在，没有覆盖；请换一个文件名" en "{file} is there already and is left as it is; please name another file";
    report_not_written(file) zh "写不了 {file}" en "{file} cannot be written";
    backup_there(file) zh "{file} 已存在，没有覆盖" en "{file} is there already and was not overwritten";
    backup_there_hint() zh "请换一个文件名，例如带上日期" en "choose another name, with the date in it for example";
    backup_unwritable(file) zh "{file} 写不了" en "{file} cannot be written";
    backup_damaged(file) zh "{file} 已损坏，不能使用" en "{file} is damaged and cannot be used";
    backup_missing(file) zh "没有 {file} 这个备份文件" en "there is no backup {file}";
    backed_up(file, kib) zh "已备份到 {file}（{kib} KiB），并已核对完整。" en "backed up to {file} ({kib} KiB) and checked.";
    key_apart() zh "备份里的个人信息仍然是密封的，密钥不在备份里：请把密钥另外保存，丢了密钥，备份也打不开。" en "Personal data in it is still sealed, and the key is not in it: keep the key apart; without it the backup cannot be opened.";
    restore_failed(folder) zh "{folder} 里的文件动不了" en "the files in {folder} cannot be moved";
    restored(file, since) zh "已从 {file} 恢复，数据截至 {since}。" en "restored from {file}, as of {since}.";
    restore_kept(file) zh "原来的数据库保存在 {file}。" en "what was there is kept as {file}.";
    restore_after(since) zh "{since} 之后收到的文件请用 import 重新导入（在各校的 done 文件夹里）；那之后发出的通知可能会再发一次，启动前可先用 outbox list --notices 查看，必要时 outbox cancel。" en "Import again what came after {since} (it lies in the schools' done folders). Letters sent since then may go once more: look at outbox list --notices before you start the daemon, and cancel what is not wanted.";
}

pub fn case_state(lang: Lang, s: State) -> String {
    match s {
        State::Open => case_open(lang),
        State::Watching => case_watching(lang),
        State::Closed => case_closed(lang),
    }
}

pub fn notice_state(lang: Lang, s: NoticeState) -> String {
    match s {
        NoticeState::Waiting => notice_waiting(lang),
        NoticeState::Held => notice_held(lang),
        NoticeState::Told => notice_told(lang),
        NoticeState::GivenUp => notice_given_up(lang),
        NoticeState::Cancelled => notice_cancelled(lang),
    }
}

/// A letter's state as stored, in words.
pub fn letter_state(lang: Lang, state: &str) -> String {
    let said = match (lang, state) {
        (Lang::Zh, "sending") => "正在发",
        (Lang::Zh, "waiting") => "等待重试",
        (Lang::Zh, "accepted") => "通道已收",
        (Lang::Zh, "delivered") => "已送达",
        (Lang::Zh, "failed") => "失败",
        (Lang::Zh, "unknown") => "不明",
        (_, other) => other,
    };
    said.to_owned()
}

pub fn reason(lang: Lang, r: Reason) -> String {
    let zh = match r {
        Reason::Returned => "返校",
        Reason::Mistaken => "误报",
        Reason::Transferred => "转学",
        Reason::Suspended => "休学",
        Reason::Exempt => "免予入学",
        Reason::Graduated => "毕业",
        Reason::OverAge => "超龄",
        Reason::Abroad => "出国",
        Reason::Died => "死亡",
    };
    match lang {
        Lang::Zh => zh.to_owned(),
        Lang::En => r.as_str().to_owned(),
    }
}

/// How long after an anchor.
pub fn after(lang: Lang, a: crate::domain::policy::After) -> String {
    use crate::domain::policy::After;
    let (n, zh, en) = match a {
        After::Seconds(s) if s % 3600 == 0 => (s / 3600, "小时", "hours"),
        After::Seconds(s) => (s / 60, "分钟", "minutes"),
        After::SchoolDays(n) => (n.into(), "个上课日", "school days"),
        After::WorkingDays(n) => (n.into(), "个工作日", "working days"),
        After::CalendarDays(n) => (n.into(), "天", "days"),
        After::Months(n) => (n.into(), "个月", "months"),
    };
    match lang {
        Lang::Zh => format!(" {n} {zh}"),
        Lang::En if n == 1 => format!("1 {}", en.trim_end_matches('s')),
        Lang::En => format!("{n} {en}"),
    }
}

/// Why a rung was skipped, in words; a reason that a person gave stays as given.
pub fn skipped_because(lang: Lang, why: &str) -> String {
    match (lang, why.split_once(':')) {
        (Lang::Zh, _) if why == "acknowledged" => "已有人接手处理".to_owned(),
        (Lang::En, _) if why == "acknowledged" => "somebody has taken the case on".to_owned(),
        (Lang::Zh, Some(("act", kind))) => {
            format!("已登记{}", super::rules::act_word(lang, kind.trim()).unwrap_or(kind.trim()))
        }
        (Lang::En, Some(("act", kind))) => {
            format!("{} is recorded", super::rules::act_word(lang, kind.trim()).unwrap_or(kind.trim()))
        }
        _ => why.to_owned(),
    }
}
