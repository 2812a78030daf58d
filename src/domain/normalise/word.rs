//! Words: statuses (defaults, the township's own, the source's), slots, standings, sex, boarding, groups.

use super::{NotUnderstood, clean, key, small_number};
use crate::domain::evidence::Standing;
use crate::domain::ids::{SlotName, StatusId};
use crate::domain::policy::{Reader, School, Status};
use crate::domain::rule::ast::Sex;
use std::collections::BTreeMap;

/// The default words (rules.md §1, "Statuses", and the words of formats.md 4.1 that mean one thing everywhere). Single
/// letters and symbols other than √ differ between schools and are left to `legend` and `statuses`.
const WORDS: [(&str, &[&str]); 8] = [
    (
        "present",
        &[
            "出勤",
            "到",
            "已到",
            "正常",
            "√",
            "✓",
            "✔",
            "到校",
            "已到校",
            "已签到",
            "在校",
            "全勤",
            "带病上课",
            "出席",
            "attended",
        ],
    ),
    ("late", &["迟到", "晚到", "tardy"]),
    ("early_leave", &["早退", "earlyleave", "earlydeparture", "leftearly"]),
    ("official", &["公假", "公差"]),
    ("sick", &["病假", "因病", "因病缺勤", "因病缺课", "因伤缺课", "流感", "sickleave"]),
    ("personal", &["事假", "请假", "丧假", "长时间请假", "personalleave"]),
    ("truant", &["旷课", "旷", "逃学", "无故缺勤", "无故缺席", "旷工", "unexcusedabsence", "truancy"]),
    ("unexplained", &["缺勤", "缺课", "未到", "未到校", "缺席", "absent", "审批中", "待审批", "待提交", "未审批"]),
];

/// A person's name as it is compared and shown: schools pad Chinese names to one width (王 小 红, 乙　一), and write the
/// dot within a name in four ways (买买提·艾力). Names in other scripts keep their spaces.
pub fn person_name(cell: &str) -> Option<String> {
    let text: String =
        clean(cell).chars().map(|c| if matches!(c, '•' | '・' | '･' | '．' | '‧') { '·' } else { c }).collect();
    let is_chinese = text.chars().any(|c| ('\u{3400}'..='\u{9fff}').contains(&c) || c > '\u{1ffff}');
    let between = if is_chinese { "" } else { " " };
    let text = text.split_whitespace().collect::<Vec<_>>().join(between);
    (!text.is_empty()).then_some(text)
}

/// Words that say that nobody filled the cell in.
const NOT_FILLED_IN: [&str; 5] = ["", "--", "未提交", "未点名", "ns"];

/// All status words of one source.
#[derive(Clone, Debug, Default)]
pub struct Lexicon {
    words: BTreeMap<String, StatusId>,
    /// Words of the reason column that turn an absent row into a status of one's own.
    reasons: BTreeMap<String, StatusId>,
    sets: BTreeMap<StatusId, Vec<String>>,
    /// A cell seldom differs from the one before; the last answers are kept for speed by the reader, not here.
    late_over: Option<(u32, StatusId)>,
}

/// What a status cell says.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum StatusWord {
    Status(StatusId, Option<u32>),
    Blank,
    Unknown,
}

/// Whether leave has been granted.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Approval {
    Granted,
    NotYet,
    /// Withdrawn or refused: the row states no leave.
    Refused,
    Unknown,
}

impl Approval {
    pub fn of(cell: &str) -> Approval {
        match key(cell).as_str() {
            "" => Approval::Granted,
            "已审批" | "已通过" | "通过" | "同意" | "已同意" | "已批准" | "批准" | "审批通过" | "完成" | "已完成"
            | "是" | "yes" | "true" | "1" | "approved" | "y" => Approval::Granted,
            "审批中" | "待提交" | "待审批" | "未审批" | "未通过审批" | "否" | "no" | "false" | "0" | "pending"
            | "未批准" | "n" | "待确认" | "草稿" => Approval::NotYet,
            "已撤销" | "撤销" | "已撤回" | "撤回" | "已拒绝" | "拒绝" | "驳回" | "已驳回" | "不同意" | "未通过"
            | "已修改" | "作废" | "已作废" | "rejected" | "withdrawn" | "cancelled" => Approval::Refused,
            _ => Approval::Unknown,
        }
    }
}

impl Lexicon {
    /// Defaults, then the township's own, then the source's words and marks; the later word wins.
    pub fn new(statuses: &[Status], reader: &Reader) -> Lexicon {
        let mut lexicon = Lexicon { late_over: reader.late_over.clone(), ..Lexicon::default() };
        for (id, words) in WORDS {
            let status = StatusId::new(id);
            lexicon.words.insert(key(id), status.clone());
            for word in words {
                lexicon.words.insert(key(word), status.clone());
            }
            lexicon.sets.insert(status, built_in_sets(id).iter().map(|s| s.to_string()).collect());
        }
        for status in statuses {
            if status.id != "not_listed" {
                lexicon.words.insert(key(status.id.as_str()), status.id.clone());
            }
            for word in &status.words {
                lexicon.words.insert(key(word), status.id.clone());
            }
            for reason in &status.reasons {
                lexicon.reasons.insert(key(reason), status.id.clone());
            }
            lexicon.sets.insert(status.id.clone(), status.sets.clone());
        }
        for (word, status) in reader.statuses.iter().chain(&reader.legend) {
            lexicon.words.insert(key(word), status.clone());
        }
        lexicon
    }

    pub fn word(&self, text: &str) -> Option<&StatusId> {
        self.words.get(&key(text))
    }

    /// Reads a status cell; `迟到15分钟` gives the minutes too, `管理员…改为X` is X.
    pub fn read(&self, cell: &str) -> StatusWord {
        let text = key(cell);
        if let Some(status) = self.words.get(&text) {
            return StatusWord::Status(status.clone(), None);
        }
        if NOT_FILLED_IN.contains(&text.as_str()) {
            return StatusWord::Blank;
        }
        if text.starts_with("管理员")
            && let Some((_, changed)) = text.rsplit_once("改为")
            && let Some(status) = self.words.get(changed)
        {
            return StatusWord::Status(status.clone(), None);
        }
        if let Some(body) = text.strip_suffix("分钟").or_else(|| text.strip_suffix("分")) {
            let word = body.trim_end_matches(|c: char| c.is_ascii_digit());
            if let (Some(status), Ok(minutes)) = (self.words.get(word), body[word.len()..].parse()) {
                return StatusWord::Status(status.clone(), Some(minutes));
            }
        }
        StatusWord::Unknown
    }

    /// The status that a row has once its reason and minutes are looked at (rules.md §1).
    pub fn settle(&self, status: StatusId, reason: Option<&str>, minutes: Option<u32>) -> StatusId {
        let mut status = status;
        if let (Some((limit, is)), Some(minutes)) = (&self.late_over, minutes)
            && (status == "late" || status == "early_leave")
            && minutes > *limit
        {
            status = is.clone();
        }
        let Some(reason) = reason else { return status };
        let reason = key(reason);
        // Symptoms of a child who came to school, and the reason given for truancy, change nothing.
        if let Some(own) = self.reasons.get(&reason)
            && self.is_in(&status, "absent")
            && status != "truant"
        {
            return own.clone();
        }
        if status == "unexplained"
            && let Some(word) = self.words.get(&reason)
        {
            return word.clone();
        }
        status
    }

    pub fn is_in(&self, status: &StatusId, set: &str) -> bool {
        self.sets.get(status).is_some_and(|s| s.iter().any(|n| n == set))
    }
}

fn built_in_sets(id: &str) -> &'static [&'static str] {
    match id {
        "present" | "late" | "early_leave" => &["attended"],
        "sick" | "personal" => &["excused", "absent"],
        "truant" | "unexplained" => &["unexcused", "absent", "missing"],
        _ => &[],
    }
}

/// A slot cell: `day`, a slot or period of the school, by id, title, number or 第3节. `None`: the school has no such slot.
/// Without a school (a file looked at on its own) the general words are believed.
pub fn slot(cell: &str, school: Option<&School>) -> Option<SlotName> {
    let text = key(cell);
    if matches!(text.as_str(), "" | "全天" | "整天" | "day" | "一天" | "allday" | "fullday") {
        return Some(SlotName::new("day"));
    }
    if let Some(school) = school {
        let titled = school.slots.iter().find(|s| s.title.as_deref().is_some_and(|t| key(t) == text));
        if let Some(slot) = school.slots.iter().find(|s| key(s.id.as_str()) == text).or(titled) {
            return Some(slot.id.clone());
        }
        if let Some(period) = school.periods.iter().find(|p| key(p.id.as_str()) == text) {
            return Some(period.id.clone());
        }
    }
    let general = match text.as_str() {
        "上午" | "am" | "morning" => Some(SlotName::new("am")),
        "下午" | "pm" | "afternoon" => Some(SlotName::new("pm")),
        "晚上" | "晚" | "evening" => Some(SlotName::new("evening")),
        _ => {
            let inner = text.strip_prefix('第').unwrap_or(&text);
            let inner = inner.strip_suffix("节课").or_else(|| inner.strip_suffix('节')).unwrap_or(inner);
            let inner = inner.strip_prefix("p:").or_else(|| inner.strip_suffix(".0")).unwrap_or(inner);
            small_number(inner).filter(|n| *n > 0).map(|n| SlotName::new(format!("p:{n}")))
        }
    }?;
    match school {
        None => Some(general),
        Some(s) => {
            let known = s.slots.iter().any(|x| x.id == general) || s.periods.iter().any(|x| x.id == general);
            known.then_some(general)
        }
    }
}

/// 学籍状态. `None`: not a word we know; empty is 在读.
pub fn standing(cell: &str) -> Option<Standing> {
    Some(match key(cell).as_str() {
        "" | "在读" | "在籍" | "在校" | "在籍在读" | "正常" | "就读" | "复学" | "借读" | "转入" | "留级" | "跳级"
        | "enrolled" | "active" | "在学" => Standing::Enrolled,
        "休学" | "suspended" => Standing::Suspended,
        "延缓入学" | "缓学" | "deferred" => Standing::Deferred,
        "送教上门" | "送教" | "home_taught" | "hometaught" => Standing::HomeTaught,
        "转出" | "转学" | "已转出" | "transferred_out" | "transferredout" | "transferred" => {
            Standing::TransferredOut
        }
        "毕业" | "结业" | "肄业" | "已毕业" | "graduated" => Standing::Graduated,
        "退学" | "死亡" | "出国" | "开除" | "流失" | "辍学" | "已离校" | "离校" | "注销" | "inactive" | "left"
        | "其他离校" => Standing::Left,
        _ => return None,
    })
}

pub fn sex(cell: &str) -> Result<Option<Sex>, NotUnderstood> {
    match key(cell).as_str() {
        "" => Ok(None),
        "男" | "男性" | "male" | "m" | "1" | "1.0" | "1-男" => Ok(Some(Sex::Male)),
        "女" | "女性" | "female" | "f" | "2" | "2.0" | "2-女" => Ok(Some(Sex::Female)),
        _ => Err(NotUnderstood),
    }
}

/// 住校: 是/否, 住校/走读.
pub fn boarding(cell: &str) -> Result<Option<bool>, NotUnderstood> {
    match key(cell).as_str() {
        "" => Ok(None),
        "是" | "住校" | "寄宿" | "住宿" | "住校生" | "寄宿生" | "yes" | "true" | "1" | "1.0" | "y" | "boarding" => {
            Ok(Some(true))
        }
        "否" | "走读" | "走读生" | "通学" | "借宿" | "no" | "false" | "0" | "0.0" | "n" | "day" => {
            Ok(Some(false))
        }
        _ => Err(NotUnderstood),
    }
}

/// 类别, separated by 、 (commas and semicolons are forgiven).
pub fn groups(cell: &str) -> Vec<String> {
    let mut out: Vec<String> = Vec::new();
    for part in clean(cell).split(['、', ',', '，', ';', '；']) {
        let part = part.trim();
        if !part.is_empty() && part != "无" && !out.iter().any(|o| o == part) {
            out.push(part.to_string());
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_one_however_they_are_padded() {
        let check = |cell: &str, expected: Option<&str>| assert_eq!(person_name(cell).as_deref(), expected, "{cell}");
        check("王 小 红", Some("王小红"));
        check("乙　一", Some("乙一"));
        check("买买提•艾力", Some("买买提·艾力"));
        check("Ana  Silva", Some("Ana Silva"));
        check(" 　", None);
    }
}
