//! Messages of a case's ledger, as a person would write it: each event a clause; what happened at one instant is one sentence.

use super::Lang;
use super::shell::reason;
use crate::domain::case::{Event, Ground, Remover};
use crate::domain::ids::{IncidentId, LadderId, Role, RungId, Word};
use crate::domain::words::{say_day, say_time};
use crate::domain::{Date, Time};

messages! {
    found(title, rule, version, day, level) zh "发现{title}（规则 {rule}，版本 {version}，{day}起，{level} 级）" en "found: {title} (rule {rule}, version {version}, from {day}, level {level})";
    found_by(title, rule, version, day, level, basis) zh "发现{title}（规则 {rule}，版本 {version}，{day}起，{level} 级；根据{basis}）" en "found: {title} (rule {rule}, version {version}, from {day}, level {level}; by {basis})";
    row_of(delivery, row) zh "报送 {delivery} 第 {row} 行" en "row {row} of delivery {delivery}";
    opened() zh "立案跟踪" en "the case was opened";
    opened_again(case) zh "再次立案（前一个案 {case}）" en "a case was opened again (the one before: {case})";
    retracted(title, rule, day) zh "数据更正，{title}（规则 {rule}，{day}）不再成立" en "the data were corrected: {title} (rule {rule}, {day}) does not hold any more";
    removed_by_delivery(text, id) zh "{text}（依据文件 {id}）" en "{text} (by delivery {id})";
    removed_by_decision(text, id) zh "{text}（依据决定 {id}）" en "{text} (by decision {id})";
    removed_by_withdrawal(text, id) zh "{text}（因决定 {id} 撤回）" en "{text} (decision {id} was withdrawn)";
    removed_by_calendar(text) zh "{text}（校历更改）" en "{text} (the calendar was changed)";
    back(title, rule, day) zh "{title}（规则 {rule}，{day}）重新成立" en "{title} (rule {rule}, {day}) holds again";
    numbered(number) zh "编号 {number}" en "it was numbered {number}";
    level_set(to) zh "定为 {to} 级" en "set to level {to}";
    level_raised(from, to) zh "由 {from} 级升为 {to} 级" en "lifted from level {from} to {to}";
    level_lowered(from, to) zh "由 {from} 级降为 {to} 级" en "lowered from level {from} to {to}";
    climb_started(ladder) zh "开始按“{ladder}”逐级告知" en "the ladder \"{ladder}\" was started";
    migrated(ladder, version) zh "“{ladder}”换用现行版本 {version}" en "the ladder \"{ladder}\" was moved to version {version}";
    noticed(role, rung) zh "应告知{role}（{rung}），尚未发出" en "{role} is to be told ({rung}), not sent yet";
    sent(role, rung) zh "已告知{role}（{rung}）" en "{role} was told ({rung})";
    sent_by(role, rung, letters) zh "已告知{role}（{rung}，{letters}）" en "{role} was told ({rung}, {letters})";
    sent_again(sent, n) zh "{sent}，第 {n} 次重复" en "{sent}, repeat {n}";
    skipped(role, rung, why) zh "没有告知{role}（{rung}）：{why}" en "{role} was not told ({rung}): {why}";
    unreachable(role, rung) zh "{role}没有可用的联系方式，未能告知（{rung}）" en "nobody of {role} could be reached ({rung})";
    rung_cancelled(rung) zh "取消待办的步骤 {rung}" en "the rung {rung} was cancelled";
    rung_brought(rung) zh "步骤 {rung} 提前" en "the rung {rung} was brought forward";
    woken() zh "停机之后重新排定时间" en "after a sleep the times were set anew";
    ladder_ended(ladder) zh "“{ladder}”各步走完" en "the ladder \"{ladder}\" came to its end";
    ladder_exhausted(ladder) zh "“{ladder}”的重复也已走完，仍未返校" en "the ladder \"{ladder}\" is exhausted and the child is not back";
    marked(mark) zh "标记{mark}" en "marked {mark}";
    unmarked(mark) zh "去掉{mark}标记" en "the mark {mark} was taken off";
    acknowledged(by, role, until) zh "{by}（{role}）接手，至 {until}" en "{by} ({role}) took the case on until {until}";
    prolonged(until) zh "接手延长至 {until}" en "that was prolonged until {until}";
    act(by, day, act) zh "{by}登记 {day}{act}" en "{by} recorded {act} on {day}";
    paused() zh "正在请假，逐级告知暂停" en "paused while the child is on leave";
    resumed() zh "请假结束，继续逐级告知" en "the leave has ended: the climb goes on";
    held(incident) zh "学校大面积缺课，通知暂缓（{incident}）" en "many of the school are absent: the letters are held ({incident})";
    released() zh "暂缓结束" en "the hold ended";
    released_by(by) zh "{by}核实后放行通知" en "{by} let the letters go";
    returned(day, until) zh "考勤显示 {day}返校，观察至 {until}" en "back at school on {day} by the roll call, watched until {until}";
    returned_by(by, day, decision, until) zh "{by}报告 {day}返校（{decision}），观察至 {until}，待考勤证实" en "{by} reported the return on {day} ({decision}), watched until {until}; the roll call is to confirm it";
    confirmed() zh "考勤证实了返校" en "the roll call confirmed the return";
    return_stated(by, day, decision) zh "{by}报告 {day}到校（{decision}）" en "{by} reported that the child was there on {day} ({decision})";
    excused(by, from, to, status, decision) zh "{by}认定 {from}至{to}为 {status}（{decision}）" en "{by} excused {from} to {to} as {status} ({decision})";
    excused_second(text, second) zh "{text}，{second}复核" en "{text}, seconded by {second}";
    decision_withdrawn(by, decision) zh "{by}撤回决定 {decision}" en "{by} withdrew decision {decision}";
    return_undone() zh "返校报告已撤回，考勤也没有返校记录，恢复办理" en "the reported return was withdrawn and attendance shows none: open again";
    unconfirmed(by) zh "考勤没有证实{by}报告的返校，报告作废" en "the roll call did not confirm the return that {by} had reported: the report is void";
    relapsed(day) zh "返校后于 {day}再次缺课" en "absent again on {day} after the return";
    went_on(rung) zh "从 {rung} 继续逐级告知" en "the climb goes on with {rung}";
    corrected() zh "向已告知的人发出更正" en "everyone told gets a correction";
    closed(why) zh "结案：{why}" en "closed: {why}";
    closed_by(by, why, evidence) zh "{by}结案：{why}，凭据：{evidence}" en "closed by {by}: {why}, evidence: {evidence}";
    closed_until(closed, until) zh "{closed}，至 {until}" en "{closed}, until {until}";
    reopened(by, why) zh "{by}重新立案：{why}" en "reopened by {by}: {why}";
    upheld(text) zh "{text}（数据更正时撤去的依据仍予保留）" en "{text} (what a correction had taken away stands by this word)";
    expired() zh "休学或免予入学到期仍未返校，恢复立案" en "the suspension or exemption has ended without a return: open again";
    due_moved(rung, from, to) zh "校历有改动，{rung} 由 {from} 改为 {to}" en "the calendar was edited: {rung} is due at {to} instead of {from}";
    calendar_ended() zh "校历排不到下一步" en "the calendar ends before the next rung is due";
    calendar_known() zh "校历已经续上" en "the calendar goes on";
    watch_moved(from, to) zh "观察期末由 {from} 改为 {to}" en "the watch ends on {to} instead of {from}";
    when_known() zh "校历续上之时" en "when the calendar goes on";
    drafted(document, number) zh "拟出{document}草稿 {number}" en "draft {number} of {document} was made";
    drafted_by(document, number, by) zh "{by}拟出{document}草稿 {number}" en "draft {number} of {document} was made by {by}";
    served_draft(by, day, document, number) zh "{by}登记 {day}送达{document}（{number}）" en "{by} recorded the service of the {document} ({number}) on {day}";
    served(by, day, document) zh "{by}登记 {day}送达{document}" en "{by} recorded the service of the {document} on {day}";
    referred(by, to) zh "{by}移交{to}" en "{by} referred the case to {to}";
    review() zh "待复核（九年级结束或满16岁）" en "to be reviewed (grade 9 is over, or 16 years old)";
    with_reason(text, why) zh "{text}，理由：{why}" en "{text}, because: {why}";
    by_user(text, uid) zh "{text}（系统用户 {uid}）" en "{text} (user id {uid})";
    sentence(text) zh "{text}。" en "{text}.";
}

/// How the names in a ledger are said to this reader.
pub trait Names {
    fn person(&self, name: &str) -> String;
    /// Evidence and reasons: they may name anybody.
    fn words(&self, text: &str) -> String;
    fn rule(&self, rule: &str, hash: Option<&str>) -> String;
    fn ladder(&self, ladder: &LadderId, rung: Option<&RungId>) -> String;
    fn role(&self, role: &Role) -> String;
    fn act(&self, kind: &Word, result: Option<&Word>) -> String;
    fn incident(&self, incident: IncidentId) -> String;
    /// The row of a delivery that a finding rests on.
    fn basis(&self, ground: &Ground) -> Option<String>;
    /// The letters that carried a rung to a role: channels, numbers and states.
    fn letters(&self, ladder: &LadderId, rung: &RungId, telling: u32, role: &Role) -> Option<String>;
}

/// The first eight digits of a version.
pub fn version(hash: &str) -> &str {
    hash.get(..8).unwrap_or(hash)
}

pub fn mark(lang: Lang, mark: &str) -> String {
    match (lang, mark) {
        (Lang::Zh, "suspected") => "疑似辍学".to_owned(),
        (Lang::Zh, "dropout") => "辍学".to_owned(),
        (_, other) => other.replace('_', " "),
    }
}

pub fn document(lang: Lang, document: &str) -> String {
    match (lang, document) {
        (Lang::Zh, "written_report") => "书面报告".to_owned(),
        (Lang::Zh, "rectification_order") => "责令限期改正通知书".to_owned(),
        (_, other) => other.replace('_', " "),
    }
}

/// One role, as one speaks of it; `None`: an office of the township's own.
pub fn role(lang: Lang, role: &str) -> Option<&'static str> {
    let (zh, en) = match role {
        "homeroom" => ("班主任", "the homeroom teacher"),
        "guardian" => ("监护人", "the guardian"),
        "principal" => ("校长", "the principal"),
        "moral_education" => ("德育主任", "the head of moral education"),
        "township_government" => ("镇政府", "the township government"),
        "education_office" => ("县教育局", "the county education office"),
        "home_township" => ("户籍所在乡镇", "the township of the household"),
        "justice_office" => ("司法所", "the justice office"),
        "operator" => ("系统管理员", "the operator"),
        _ => return None,
    };
    Some(if lang == Lang::Zh { zh } else { en })
}

fn said_day(lang: Lang, d: Date) -> String {
    match lang {
        Lang::Zh => say_day(lang, d),
        Lang::En => d.format("%-d %b").to_string(),
    }
}

/// An instant as it stands at the head of a sentence.
pub fn moment(lang: Lang, at: Time) -> String {
    match lang {
        Lang::Zh => at.format("%Y年%-m月%-d日 %H:%M").to_string(),
        Lang::En => at.format("%-d %b %Y, %H:%M").to_string(),
    }
}

/// A channel, as one speaks of it.
pub fn channel(lang: Lang, channel: &str) -> String {
    match (lang, channel) {
        (Lang::Zh, "sms") => "短信".to_owned(),
        (Lang::Zh, "email" | "mail") => "邮件".to_owned(),
        (Lang::En, "sms") => "SMS".to_owned(),
        (_, other) => other.to_owned(),
    }
}

/// What happened, as a clause.
pub fn event(lang: Lang, e: &Event, names: &dyn Names) -> String {
    let day = |d: &Date| said_day(lang, *d);
    match e {
        Event::Opened { relapse_of: None, .. } => opened(lang),
        Event::Opened { relapse_of: Some(case), .. } => opened_again(lang, case),
        Event::FindingAdded { ground: g } => {
            let (title, v) = (names.rule(g.rule.as_str(), Some(&g.hash)), version(&g.hash));
            match names.basis(g) {
                Some(basis) => found_by(lang, title, &g.rule, v, day(&g.fired_on), g.level, basis),
                None => found(lang, title, &g.rule, v, day(&g.fired_on), g.level),
            }
        }
        Event::FindingRetracted { rule, fired_on, removed_by } => {
            let said = retracted(lang, names.rule(rule.as_str(), None), rule, day(fired_on));
            match removed_by {
                None => said,
                Some(Remover::Delivery(id)) => removed_by_delivery(lang, said, id),
                Some(Remover::Decision(id)) => removed_by_decision(lang, said, id),
                Some(Remover::Withdrawal(id)) => removed_by_withdrawal(lang, said, id),
                Some(Remover::Calendar) => removed_by_calendar(lang, said),
            }
        }
        Event::FindingBack { rule, fired_on } => back(lang, names.rule(rule.as_str(), None), rule, day(fired_on)),
        Event::Numbered { number } => numbered(lang, number),
        Event::LevelRaised { from: 0, to } => level_set(lang, to),
        Event::LevelRaised { from, to } => level_raised(lang, from, to),
        Event::LevelLowered { from, to } => level_lowered(lang, from, to),
        Event::ClimbStarted { ladder, .. } => climb_started(lang, names.ladder(ladder, None)),
        Event::LadderMigrated { ladder, to, .. } => migrated(lang, names.ladder(ladder, None), version(to)),
        Event::RungNoticed { ladder, rung, role, .. } => {
            noticed(lang, names.role(role), names.ladder(ladder, Some(rung)))
        }
        Event::RungSent { ladder, rung, role, telling } => {
            let (to, step) = (names.role(role), names.ladder(ladder, Some(rung)));
            let said = match names.letters(ladder, rung, *telling, role) {
                Some(letters) => sent_by(lang, to, step, letters),
                None => sent(lang, to, step),
            };
            if *telling > 0 { sent_again(lang, said, telling) } else { said }
        }
        Event::RungSkipped { ladder, rung, role, why, .. } => {
            let said = super::shell::skipped_because(lang, why);
            // What a person wrote may name anybody; the ladder's own reasons name nobody.
            let said = if said == *why { names.words(why) } else { said };
            skipped(lang, names.role(role), names.ladder(ladder, Some(rung)), said)
        }
        Event::RungUnreachable { ladder, rung, role, .. } => {
            unreachable(lang, names.role(role), names.ladder(ladder, Some(rung)))
        }
        Event::RungCancelled { ladder, rung } => rung_cancelled(lang, names.ladder(ladder, Some(rung))),
        Event::RungBroughtForward { ladder, rung } => rung_brought(lang, names.ladder(ladder, Some(rung))),
        Event::Woken { .. } => woken(lang),
        Event::LadderEnded { ladder } => ladder_ended(lang, names.ladder(ladder, None)),
        Event::LadderExhausted { ladder } => ladder_exhausted(lang, names.ladder(ladder, None)),
        Event::Marked { mark: m } => marked(lang, mark(lang, m.as_str())),
        Event::Unmarked { mark: m, .. } => unmarked(lang, mark(lang, m.as_str())),
        Event::DueMoved { ladder, rung, from, to } => {
            let at = |t: &Option<crate::domain::Time>| t.map_or_else(|| when_known(lang), say_time);
            due_moved(lang, names.ladder(ladder, Some(rung)), at(from), at(to))
        }
        Event::CalendarEnded {} => calendar_ended(lang),
        Event::CalendarKnown {} => calendar_known(lang),
        Event::WatchMoved { from, to } => watch_moved(lang, day(from), day(to)),
        Event::Acknowledged { by, role, until } => {
            acknowledged(lang, names.person(by), names.role(role), say_time(*until))
        }
        Event::AcknowledgementProlonged { until } => prolonged(lang, say_time(*until)),
        Event::ActRecorded { kind, result, date, by } => {
            act(lang, names.person(by), day(date), names.act(kind, result.as_ref()))
        }
        Event::Paused {} => paused(lang),
        Event::Resumed {} => resumed(lang),
        Event::Held { incident } => held(lang, names.incident(*incident)),
        Event::Released { by: None } => released(lang),
        Event::Released { by: Some(by) } => released_by(lang, names.person(by)),
        Event::Returned { day: on, stated: None, watch_until } => returned(lang, day(on), day(watch_until)),
        Event::Returned { day: on, stated: Some(s), watch_until } => {
            returned_by(lang, names.person(&s.by), day(on), s.decision, day(watch_until))
        }
        Event::ReturnStated { day: on, decision, by } => return_stated(lang, names.person(by), day(on), decision),
        Event::Excused { from, to, status, decision, by, second } => {
            let said = excused(lang, names.person(by), day(from), day(to), status, decision);
            second.as_ref().map_or(said.clone(), |s| excused_second(lang, said, names.person(s)))
        }
        Event::DecisionWithdrawn { decision, by } => decision_withdrawn(lang, names.person(by), decision),
        Event::ReturnUndone {} => return_undone(lang),
        Event::ReturnConfirmed {} => confirmed(lang),
        Event::ReturnUnconfirmed { by, .. } => unconfirmed(lang, names.person(by)),
        Event::Relapsed { on } => relapsed(lang, day(on)),
        Event::WentOn { ladder, rung } => went_on(lang, names.ladder(ladder, Some(rung))),
        Event::Corrected { .. } => corrected(lang),
        Event::Closed { reason: r, by, evidence, until, .. } => {
            let said = match by {
                None => closed(lang, reason(lang, *r)),
                Some(by) => closed_by(lang, names.person(by), reason(lang, *r), names.words(evidence)),
            };
            until.map_or(said.clone(), |until| closed_until(lang, said, day(&until)))
        }
        Event::Reopened { by, why, stands, .. } => {
            let said = reopened(lang, names.person(by), names.words(why));
            if stands.is_empty() { said } else { upheld(lang, said) }
        }
        Event::Expired { .. } => expired(lang),
        Event::Drafted { document: d, number, by: None } => drafted(lang, document(lang, d.as_str()), number),
        Event::Drafted { document: d, number, by: Some(by) } => {
            drafted_by(lang, document(lang, d.as_str()), number, names.person(by))
        }
        Event::Served { document: d, date, by, number: Some(number) } => {
            served_draft(lang, names.person(by), day(date), document(lang, d.as_str()), number)
        }
        Event::Served { document: d, date, by, number: None } => {
            served(lang, names.person(by), day(date), document(lang, d.as_str()))
        }
        Event::Referred { to, by } => referred(lang, names.person(by), names.role(to)),
        Event::ReviewOpened {} => review(lang),
    }
}

/// Clauses of one instant as one sentence.
pub fn joined(lang: Lang, clauses: &[String]) -> String {
    sentence(lang, clauses.join(super::rules::semicolon(lang)))
}
