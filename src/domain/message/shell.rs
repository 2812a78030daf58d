//! Messages of the commands that people type: tables, ledgers in words, what the outbox says to a person's hand.

use super::Lang;
use crate::domain::case::{Event, Reason, State};
use crate::domain::notice::NoticeState;
use crate::domain::paper;
use crate::domain::words::{say_day, say_time};

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
    col_attempts() zh "次数" en "attempts";
    col_incident() zh "事项" en "incident";
    col_kind() zh "类别" en "kind";
    col_subject() zh "对象" en "subject";
    col_what() zh "说明" en "what";
    col_outcome() zh "结果" en "outcome";
    still_open() zh "未结束" en "open";

    // explain and case show.
    head_days() zh "出勤（√到 ×缺 旷 病 事 迟 退 公 -名单上没有 .没有记录 =放假 ~不在校）" en "Days (√ present, × absent, 旷 truant, 病 sick, 事 personal, 迟 late, 退 left early, 公 official, - not listed, . not recorded, = holiday, ~ not expected)";
    head_findings() zh "规则的发现" en "Findings";
    head_case(case, state, level) zh "个案 {case}：{state}，{level} 级" en "Case {case}: {state}, level {level}";
    number(number) zh "编号 {number}" en "number {number}";
    relapse_of(case) zh "前一个案 {case}" en "the one before: {case}";
    head_ledger() zh "经过" en "History";
    head_past(ladder) zh "流程 {ladder}：已走的步骤" en "Ladder {ladder}: past rungs";
    head_future(ladder) zh "流程 {ladder}：以后的步骤" en "Ladder {ladder}: rungs to come";
    no_findings() zh "没有" en "none";
    no_case() zh "没有个案" en "no case";
    stands_still(state) zh "个案{state}，流程停着" en "the case is {state}: the ladder stands still";
    waits_for(what) zh "等：{what}" en "waits for {what}";
    waits_level(level) zh "达到 {level} 级" en "level {level}";
    waits_act(kind) zh "措施 {kind}" en "the act {kind}";
    waits_served(document) zh "文书 {document} 送达" en "{document} to be served";
    waits_mark(mark) zh "标记 {mark}" en "the mark {mark}";
    waits_rung(rung) zh "步骤 {rung}" en "the rung {rung}";
    waits_leave() zh "请假结束" en "the leave to end";
    statutory() zh "法定" en "statutory";
    held_by(incident) zh "通知因大面积缺课暂停（{incident}）" en "held because of a mass absence ({incident})";
    acknowledged_until(by, until) zh "{by}已接手，至 {until}" en "acknowledged by {by} until {until}";
    closed_because(reason) zh "结案：{reason}" en "closed: {reason}";
    identify_hint() zh "（用 --identify 显示）" en "(shown with --identify)";

    // Outcomes of rungs.
    out_noticed() zh "等待发出" en "waits to be sent";
    out_held() zh "暂停" en "held";
    out_sent() zh "已发" en "sent";
    out_skipped(why) zh "跳过：{why}" en "skipped: {why}";
    out_unreachable() zh "联系不上任何人" en "nobody could be reached";
    out_letter(letter, channel, state) zh "{letter} {channel} {state}" en "{letter} {channel} {state}";

    // States.
    case_open() zh "进行中" en "open";
    case_watching() zh "观察中" en "watching";
    case_closed() zh "已结案" en "closed";
    notice_waiting() zh "等待" en "waiting";
    notice_held() zh "暂停" en "held";
    notice_told() zh "已告知" en "told";
    notice_given_up() zh "无法送达" en "given up";
    notice_cancelled() zh "已取消" en "cancelled";

    // The ledger in words.
    ev_opened() zh "建立个案" en "opened";
    ev_opened_again(case) zh "建立个案（前一个案 {case}）" en "opened (the one before: {case})";
    ev_finding_added(rule, day, level) zh "规则 {rule}（{day}）成立，{level} 级" en "rule {rule} found on {day}, level {level}";
    ev_finding_retracted(rule, day) zh "规则 {rule}（{day}）的发现被更正撤回" en "the finding of rule {rule} on {day} was retracted";
    ev_finding_back(rule, day) zh "规则 {rule}（{day}）重新成立" en "the finding of rule {rule} on {day} is back";
    ev_numbered(number) zh "编号 {number}" en "numbered {number}";
    ev_level_raised(from, to) zh "由 {from} 级升为 {to} 级" en "lifted from level {from} to {to}";
    ev_level_lowered(from, to) zh "由 {from} 级降为 {to} 级" en "lowered from level {from} to {to}";
    ev_climb_started(ladder) zh "开始流程 {ladder}" en "ladder {ladder} started";
    ev_ladder_migrated(ladder) zh "流程 {ladder} 换用现行版本" en "ladder {ladder} moved to the version in force";
    ev_rung_noticed(ladder, rung, role) zh "{ladder}/{rung}：准备通知 {role}" en "{ladder}/{rung}: {role} is to be told";
    ev_rung_sent(ladder, rung, role) zh "{ladder}/{rung}：已通知 {role}" en "{ladder}/{rung}: {role} was told";
    ev_rung_skipped(ladder, rung, role, why) zh "{ladder}/{rung}：没有通知 {role}，{why}" en "{ladder}/{rung}: {role} was not told, {why}";
    ev_rung_unreachable(ladder, rung, role) zh "{ladder}/{rung}：{role} 联系不上任何人" en "{ladder}/{rung}: nobody of {role} could be reached";
    ev_rung_cancelled(ladder, rung) zh "{ladder}/{rung}：取消" en "{ladder}/{rung}: cancelled";
    ev_rung_brought(ladder, rung) zh "{ladder}/{rung}：提前" en "{ladder}/{rung}: brought forward";
    ev_woken(ladder) zh "停机之后，流程 {ladder} 重新排定时间" en "after a sleep the times of ladder {ladder} were set anew";
    ev_ladder_ended(ladder) zh "流程 {ladder} 走完" en "ladder {ladder} has come to its end";
    ev_ladder_exhausted(ladder) zh "流程 {ladder} 重复也已走完" en "ladder {ladder} is exhausted";
    ev_marked(mark) zh "标记 {mark}" en "marked {mark}";
    ev_unmarked(mark) zh "去掉标记 {mark}" en "mark {mark} taken off";
    ev_due_moved(ladder, rung, from, to) zh "校历有改动：{ladder} 的 {rung} 由 {from} 改为 {to}" en "the calendar was edited: {rung} of {ladder} is due at {to} instead of {from}";
    ev_calendar_ended() zh "校历排不到下一步" en "the calendar ends before the next rung is due";
    ev_calendar_known() zh "校历已经续上" en "the calendar goes on";
    ev_watch_moved(from, to) zh "观察期末由 {from} 改为 {to}" en "the watch ends on {to} instead of {from}";
    when_known() zh "校历续上之时" en "when the calendar goes on";
    ev_acknowledged(by, role, until) zh "{by}（{role}）接手，至 {until}" en "acknowledged by {by} ({role}) until {until}";
    ev_prolonged(until) zh "接手延长至 {until}" en "the acknowledgement was prolonged until {until}";
    ev_act(kind, result, day, by) zh "{by} {day} {kind}：{result}" en "{by} on {day}: {kind}, {result}";
    ev_paused() zh "请假中，暂停" en "paused by leave";
    ev_resumed() zh "请假结束，继续" en "the leave has ended: goes on";
    ev_held(incident) zh "大面积缺课，通知暂停（{incident}）" en "held because of a mass absence ({incident})";
    ev_released() zh "通知放行" en "released";
    ev_released_by(by) zh "{by}放行通知" en "released by {by}";
    ev_returned(day, until) zh "{day} 返校，观察至 {until}" en "back at school on {day}, watched until {until}";
    ev_returned_by(day, by, until) zh "{by}报告 {day} 返校，观察至 {until}" en "back at school on {day} by the word of {by}, watched until {until}";
    ev_return_confirmed() zh "考勤证实了返校" en "attendance confirmed the return";
    ev_return_unconfirmed(by) zh "考勤没有证实{by}报告的返校" en "attendance did not confirm the return that {by} reported";
    ev_relapsed(day) zh "{day} 再次缺课" en "absent again on {day}";
    ev_went_on(ladder, rung) zh "流程 {ladder} 从 {rung} 继续" en "ladder {ladder} goes on with {rung}";
    ev_corrected() zh "发更正通知" en "corrected: everyone told is told so";
    ev_closed(reason) zh "结案：{reason}" en "closed: {reason}";
    ev_closed_by(reason, by, evidence) zh "{by}结案：{reason}，证据：{evidence}" en "closed by {by}: {reason}, evidence: {evidence}";
    ev_reopened(by, why) zh "{by}重开：{why}" en "reopened by {by}: {why}";
    ev_expired() zh "休学或免学到期未返校，个案恢复" en "the suspension or exemption has ended without a return: open again";
    report_written(file) zh "已写入 {file}" en "written to {file}";
    report_exists(file) zh "{file} 已经存在，没有覆盖；请换一个文件名" en "{file} is there already and is left as it is; please name another file";
    report_not_written(file) zh "写不了 {file}" en "{file} cannot be written";
    ev_served(document, number, day, by) zh "{by} {day} 送达 {document}{number}" en "{document}{number} served on {day} by {by}";
    ev_drafted(document, number) zh "拟出 {document} 草稿 {number}" en "draft {number} of {document} was made";
    ev_drafted_by(document, number, by) zh "{by}拟出 {document} 草稿 {number}" en "draft {number} of {document} was made by {by}";
    ev_referred(to, by) zh "{by}移交 {to}" en "referred to {to} by {by}";
    ev_review() zh "待复核（九年级结束或满16岁）" en "for review (grade 9 over, or 16 years old)";

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

/// Why a rung was skipped, in words; a reason that a person gave stays as given.
pub fn skipped_because(lang: Lang, why: &str) -> String {
    match (lang, why.split_once(':')) {
        (Lang::Zh, _) if why == "acknowledged" => "已有人接手处理".to_owned(),
        (Lang::En, _) if why == "acknowledged" => "somebody has taken the case on".to_owned(),
        (Lang::Zh, Some(("act", kind))) => format!("已有措施 {}", kind.trim()),
        (Lang::En, Some(("act", kind))) => format!("the act {} is recorded", kind.trim()),
        _ => why.to_owned(),
    }
}

/// One line of a case's ledger. `who`: how a person's name is shown; `words`: how evidence and reasons are.
pub fn event(lang: Lang, e: &Event, who: &dyn Fn(&str) -> String, words: &dyn Fn(&str) -> String) -> String {
    let day = |d: &crate::domain::Date| say_day(lang, *d);
    match e {
        Event::Opened { relapse_of: None, .. } => ev_opened(lang),
        Event::Opened { relapse_of: Some(case), .. } => ev_opened_again(lang, case),
        Event::FindingAdded { ground: g } => ev_finding_added(lang, &g.rule, day(&g.fired_on), g.level),
        Event::FindingRetracted { rule, fired_on } => ev_finding_retracted(lang, rule, day(fired_on)),
        Event::FindingBack { rule, fired_on } => ev_finding_back(lang, rule, day(fired_on)),
        Event::Numbered { number } => ev_numbered(lang, number),
        Event::LevelRaised { from, to } => ev_level_raised(lang, from, to),
        Event::LevelLowered { from, to } => ev_level_lowered(lang, from, to),
        Event::ClimbStarted { ladder, .. } => ev_climb_started(lang, ladder),
        Event::LadderMigrated { ladder, .. } => ev_ladder_migrated(lang, ladder),
        Event::RungNoticed { ladder, rung, role, .. } => ev_rung_noticed(lang, ladder, rung, role),
        Event::RungSent { ladder, rung, role, .. } => ev_rung_sent(lang, ladder, rung, role),
        Event::RungSkipped { ladder, rung, role, why, .. } => {
            let said = skipped_because(lang, why);
            // What a person wrote may name anybody; the ladder's own reasons name nobody.
            let said = if said == *why { words(why) } else { said };
            ev_rung_skipped(lang, ladder, rung, role, said)
        }
        Event::RungUnreachable { ladder, rung, role, .. } => ev_rung_unreachable(lang, ladder, rung, role),
        Event::RungCancelled { ladder, rung } => ev_rung_cancelled(lang, ladder, rung),
        Event::RungBroughtForward { ladder, rung } => ev_rung_brought(lang, ladder, rung),
        Event::Woken { ladder, .. } => ev_woken(lang, ladder),
        Event::LadderEnded { ladder } => ev_ladder_ended(lang, ladder),
        Event::LadderExhausted { ladder } => ev_ladder_exhausted(lang, ladder),
        Event::Marked { mark } => ev_marked(lang, mark),
        Event::Unmarked { mark, .. } => ev_unmarked(lang, mark),
        Event::DueMoved { ladder, rung, from, to } => {
            let at = |t: &Option<crate::domain::Time>| t.map_or_else(|| when_known(lang), say_time);
            ev_due_moved(lang, ladder, rung, at(from), at(to))
        }
        Event::CalendarEnded {} => ev_calendar_ended(lang),
        Event::CalendarKnown {} => ev_calendar_known(lang),
        Event::WatchMoved { from, to } => ev_watch_moved(lang, day(from), day(to)),
        Event::Acknowledged { by, role, until } => ev_acknowledged(lang, who(by), role, say_time(*until)),
        Event::AcknowledgementProlonged { until } => ev_prolonged(lang, say_time(*until)),
        Event::ActRecorded { kind, result, date, by } => {
            ev_act(lang, kind, result.as_ref().map_or("", |r| r.as_str()), day(date), who(by))
        }
        Event::Paused {} => ev_paused(lang),
        Event::Resumed {} => ev_resumed(lang),
        Event::Held { incident } => ev_held(lang, incident),
        Event::Released { by: None } => ev_released(lang),
        Event::Released { by: Some(by) } => ev_released_by(lang, who(by)),
        Event::Returned { day: on, stated: None, watch_until } => ev_returned(lang, day(on), day(watch_until)),
        Event::Returned { day: on, stated: Some(s), watch_until } => {
            ev_returned_by(lang, day(on), who(&s.by), day(watch_until))
        }
        Event::ReturnConfirmed {} => ev_return_confirmed(lang),
        Event::ReturnUnconfirmed { by, .. } => ev_return_unconfirmed(lang, who(by)),
        Event::Relapsed { on } => ev_relapsed(lang, day(on)),
        Event::WentOn { ladder, rung } => ev_went_on(lang, ladder, rung),
        Event::Corrected { .. } => ev_corrected(lang),
        Event::Closed { reason: r, by: None, .. } => ev_closed(lang, reason(lang, *r)),
        Event::Closed { reason: r, by: Some(by), evidence, .. } => {
            ev_closed_by(lang, reason(lang, *r), who(by), words(evidence))
        }
        Event::Reopened { by, why } => ev_reopened(lang, who(by), words(why)),
        Event::Expired {} => ev_expired(lang),
        Event::Drafted { document, number, by: None } => {
            ev_drafted(lang, paper::title(document.as_str(), lang), number)
        }
        Event::Drafted { document, number, by: Some(by) } => {
            ev_drafted_by(lang, paper::title(document.as_str(), lang), number, who(by))
        }
        Event::Served { document, date, by, number } => {
            let number = number.as_ref().map(|n| format!(" {n}")).unwrap_or_default();
            ev_served(lang, paper::title(document.as_str(), lang), number, day(date), who(by))
        }
        Event::Referred { to, by } => ev_referred(lang, to, who(by)),
        Event::ReviewOpened {} => ev_review(lang),
    }
}
