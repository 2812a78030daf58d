//! Header rows: canonical fields, the headers by which ordinary exports name them (interface.md §2, formats.md §3), and
//! which row of a table is the header.

use super::line::Line;
use crate::domain::normalise::key;
use crate::domain::policy::Content;
use std::collections::BTreeMap;
use std::iter::once;
use std::sync::LazyLock;

macro_rules! fields {
    ($($variant:ident $name:literal [$($contents:ident)*] $words:expr;)*) => {
        /// A canonical field of our files.
        #[derive(Clone, Copy, PartialEq, Eq, Debug, PartialOrd, Ord)]
        pub enum Field { $($variant),* }
        /// Field, canonical name, the contents that have it, synonyms in order of preference.
        const FIELDS: &[(Field, &str, &[Content], &[&str])] = &[
            $((Field::$variant, $name, &[$(Content::$contents),*], &$words)),*
        ];
    };
}

fields! {
    StudentNo "student_no" [Attendance Register Feedback Leave] ["学籍号", "全国学籍号", "国学籍号", "学号", "学生学号", "学/工号", "学生编号", "考号", "studentno", "studentid", "studentnumber", "sisid", "工号", "考勤号码", "登记号码", "人员编号", "bfstudentid", "grbsm"];
    IdNumber "id_number" [Attendance Register Feedback Leave] ["身份证号", "身份证", "身份证件号", "身份证号码", "身份证件号码", "证件号", "证件号码", "学生身份证", "学生身份证号", "idnumber", "sfzjh"];
    Name "name" [Attendance Register Feedback Leave] ["姓名", "学生姓名", "学生", "名字", "请假人", "请假学生姓名", "name", "studentname", "fullname", "student", "bfname", "xm"];
    School "school" [Attendance Register Feedback Leave] ["学校", "学校名称", "所在学校", "就读学校", "school", "schoolname"];
    Grade "grade" [Attendance Register Feedback Leave] ["年级", "年级名称", "所在年级", "年级别名", "grade"];
    Class "class" [Attendance Register Feedback Leave] ["班级", "班级名称", "班别", "所属班级", "所在班级", "行政班", "专业班级", "class", "classname", "claname"];
    Date "date" [Attendance Feedback] ["日期", "考勤日期", "缺勤日期", "出勤日期", "打卡日期", "刷卡日期", "填报日期", "填报日期_日期", "晨检日期", "登记日期", "workdate", "date", "schooldate", "attendancedate", "日期时间", "时间", "出勤时间", "datadatetime", "eventdate"];
    Slot "slot" [Attendance] ["时段", "节次", "对应时段", "午别", "课节", "上午/下午", "slot", "period", "session"];
    Status "status" [Attendance] ["状态", "考勤状态", "出勤状态", "签到状态", "考勤结果", "打卡结果", "打卡状态", "出勤情况", "考勤情况", "到校情况", "是否出勤", "出勤", "status", "attendancestatus", "attendance"];
    Reason "reason" [Attendance Leave] ["原因", "缺勤原因", "缺课原因", "请假事由", "请假原因", "请假原因说明", "事由", "异常类型", "例外情况", "备注", "reason", "notes", "note", "remark", "comment"];
    LeaveUntil "leave_until" [Attendance] ["请假至", "请假截止", "请假截止日期", "leaveuntil"];
    Minutes "minutes" [Attendance] ["分钟", "迟到分钟", "迟到时长", "迟到时长(分钟)", "分钟数", "minutes"];
    From "from" [Leave] ["请假开始时间", "请假开始日期", "开始时间", "开始日期", "请假起始日期", "from", "startdate"];
    Until "until" [Leave] ["请假结束时间", "请假结束日期", "结束时间", "结束日期", "请假截止日期", "请假至", "until", "to", "enddate"];
    LeaveKind "status" [Leave] ["请假类型", "请假类别", "类型", "假别", "status", "leavetype"];
    Approved "approved" [Leave Attendance] ["审批状态", "审批结果", "审核状态", "approved"];
    ApprovedPlain "approved" [Leave] ["状态"];
    Action "action" [Feedback] ["措施", "跟进措施", "劝返措施", "工作措施", "action"];
    By "by" [Feedback] ["经办人", "责任人", "跟进人", "by"];
    Result "result" [Feedback] ["结果", "跟进结果", "劝返结果", "result"];
    ReturnedOn "returned_on" [Feedback] ["返校日期", "复学日期", "返校时间", "returnedon"];
    Note "note" [Feedback] ["备注", "说明", "note", "notes"];
    Sex "sex" [Register] ["性别", "sex", "gender", "xb", "bfsex"];
    BirthDate "birth_date" [Register] ["出生日期", "出生年月日", "生日", "birthdate", "dateofbirth", "csrq"];
    Standing "status" [Register] ["学籍状态", "在读状态", "就读状态", "状态", "status"];
    StatusUntil "status_until" [Register] ["状态截止日期", "休学截止日期", "statusuntil"];
    StatusBasis "status_basis" [Register] ["批准文号", "文号", "statusbasis"];
    EnrolledOn "enrolled_on" [Register] ["入学日期", "enrolledon", "入学时间"];
    LeftOn "left_on" [Register] ["离校日期", "转出日期", "lefton"];
    HouseholdTownship "household_township" [Register] ["户籍所在乡镇", "户籍乡镇", "householdtownship"];
    HouseholdAddress "household_address" [Register] ["家庭住址", "家庭地址", "户籍地址", "现住址", "现居地址", "householdaddress"];
    Boarding "boarding" [Register] ["住校", "是否住校", "是否寄宿", "寄宿", "就读方式", "boarding"];
    Groups "groups" [Register] ["类别", "学生类别", "关爱类别", "groups"];
    Guardian1Name "guardian1_name" [Register] ["监护人1姓名", "监护人姓名", "监护人", "家长姓名", "成员1姓名", "guardian1name"];
    Guardian1Relation "guardian1_relation" [Register] ["监护人1关系", "监护人关系", "与学生关系", "关系", "成员1关系", "guardian1relation"];
    Guardian1Phone "guardian1_phone" [Register] ["监护人1电话", "监护人1联系方式", "监护人1手机", "监护人电话", "监护人联系电话", "家长电话", "联系电话", "家长手机", "手机", "手机号", "guardian1phone"];
    Guardian1Email "guardian1_email" [Register] ["监护人1邮箱", "监护人邮箱", "guardian1email"];
    Guardian2Name "guardian2_name" [Register] ["监护人2姓名", "成员2姓名", "guardian2name"];
    Guardian2Relation "guardian2_relation" [Register] ["监护人2关系", "成员2关系", "guardian2relation"];
    Guardian2Phone "guardian2_phone" [Register] ["监护人2电话", "监护人2联系方式", "监护人2手机", "guardian2phone"];
    Guardian2Email "guardian2_email" [Register] ["监护人2邮箱", "guardian2email"];
    CarerName "carer_name" [Register] ["委托照护人姓名", "委托照护人", "照护人姓名", "carername"];
    CarerPhone "carer_phone" [Register] ["委托照护人电话", "照护人电话", "carerphone"];
}

impl Field {
    pub fn name(self) -> &'static str {
        FIELDS.iter().find(|f| f.0 == self).map_or("", |f| f.1)
    }
}

/// A header for comparison: without white space, marks (＊ * ★), underscores and hints in brackets, lower case.
pub fn header_key(text: &str) -> String {
    let mut k = key(text);
    k.retain(|c| !matches!(c, '*' | '★' | '☆' | '_' | ':' | '"'));
    k
}

/// Of each field in the order of `FIELDS`: the keys of its name and words. Making keys is dear, and a file's first rows are
/// held against all of them.
static KEYS: LazyLock<Vec<Vec<String>>> = LazyLock::new(|| {
    FIELDS.iter().map(|(_, name, _, words)| once(name).chain(words.iter()).map(|w| header_key(w)).collect()).collect()
});

/// Which columns of a header mean what.
#[derive(Clone, Debug, Default)]
pub struct Columns {
    of: BTreeMap<Field, usize>,
    /// Further columns of statuses, where nobody has said which one counts.
    pub rivals: Vec<usize>,
    /// Further columns that say who the pupil is in the words of the first.
    pub twins: usize,
    /// Headers by column.
    pub headers: Vec<String>,
}

impl Columns {
    pub fn get(&self, field: Field) -> Option<usize> {
        self.of.get(&field).copied()
    }
    pub fn has(&self, field: Field) -> bool {
        self.of.contains_key(&field)
    }
    pub fn len(&self) -> usize {
        self.of.len()
    }
    pub fn header(&self, field: Field) -> Option<&str> {
        self.get(field).and_then(|i| self.headers.get(i)).map(String::as_str)
    }
    pub fn has_pupil(&self) -> bool {
        self.has(Field::StudentNo) || self.has(Field::IdNumber) || self.has(Field::Name)
    }
    pub fn mapping_indices(&self) -> impl Iterator<Item = usize> {
        self.of.values().copied()
    }
    /// Field and header in the file's order.
    pub fn mapping(&self) -> Vec<(&'static str, String)> {
        let mut all: Vec<(usize, Field)> = self.of.iter().map(|(f, i)| (*i, *f)).collect();
        all.sort();
        all.into_iter().map(|(i, f)| (f.name(), self.headers[i].clone())).collect()
    }
    pub fn unused(&self) -> Vec<String> {
        let used: Vec<usize> = self.of.values().copied().collect();
        self.headers
            .iter()
            .enumerate()
            .filter(|(i, h)| !h.is_empty() && !used.contains(i))
            .map(|(_, h)| h.clone())
            .collect()
    }

    /// Reads a row as a header. Pinned columns (canonical field → header) come before synonyms.
    pub fn read(
        line: &Line,
        content: Content,
        pinned: &BTreeMap<String, String>,
        school_column: Option<&str>,
    ) -> Columns {
        let headers: Vec<String> = line.cells().map(crate::domain::normalise::clean).collect();
        let keys: Vec<String> = headers.iter().map(|h| header_key(h)).collect();
        let mut columns = Columns { of: BTreeMap::new(), headers, ..Columns::default() };
        let mut taken = vec![false; keys.len()];
        for (field, name, contents, _) in FIELDS {
            let school = school_column.filter(|_| *field == Field::School);
            if *field == Field::ApprovedPlain || !contents.contains(&content) {
                continue;
            }
            let Some(wanted) = pinned.get(*name).map(String::as_str).or(school) else { continue };
            let wanted = header_key(wanted);
            if let Some(i) = keys.iter().position(|k| *k == wanted && !k.is_empty()) {
                columns.of.insert(*field, i);
                taken[i] = true;
            }
        }
        // Attendance exports call the kind of leave 请假类型: the reason there.
        let extra: &[&str] = if content == Content::Attendance { &["请假类型", "缺勤类型"] } else { &[] };
        for ((field, _, contents, _), known) in FIELDS.iter().zip(KEYS.iter()) {
            if !contents.contains(&content) || columns.has(*field) {
                continue;
            }
            // 时间 and the like name a date only where no better column does; each column has one meaning.
            let more = if *field == Field::Reason { extra } else { &[] };
            let found = known
                .iter()
                .map(String::as_str)
                .chain(more.iter().copied())
                .find_map(|w| keys.iter().enumerate().position(|(i, k)| !taken[i] && matches(k, w)));
            if let Some(i) = found {
                columns.of.insert(*field, i);
                taken[i] = true;
            }
        }
        let means = |field: Field, k: &str| {
            FIELDS.iter().zip(KEYS.iter()).any(|((f, ..), known)| *f == field && known.iter().any(|w| matches(k, w)))
        };
        if content == Content::Attendance && !pinned.contains_key(Field::Status.name()) {
            columns.rivals = (0..keys.len()).filter(|i| !taken[*i] && means(Field::Status, &keys[*i])).collect();
        }
        let who = [Field::StudentNo, Field::IdNumber, Field::Name];
        let twin = |i: usize| who.iter().any(|f| columns.get(*f).is_some_and(|at| keys[at] == keys[i]));
        columns.twins = (0..keys.len()).filter(|i| !taken[*i] && !keys[*i].is_empty() && twin(*i)).count();
        if let Some(i) = columns.of.remove(&Field::ApprovedPlain)
            && !columns.has(Field::Approved)
        {
            columns.of.insert(Field::Approved, i);
        }
        columns
    }
}

/// Equal, or equal once a hint in brackets behind is left out (日期(年-月-日)).
fn matches(header: &str, word: &str) -> bool {
    header == word || header.strip_prefix(word).is_some_and(|rest| rest.starts_with('(') && rest.ends_with(')'))
}

/// How many canonical fields a line of text or row names, for finding delimiters, encodings and header rows.
pub fn known_words(text: &str, pinned: &BTreeMap<String, String>) -> usize {
    text.split([',', '\t', ';', '|', '\n', '\r', '，'])
        .take(2_000)
        .filter(|c| {
            let k = header_key(c);
            !k.is_empty()
                && k.len() < 60
                && (KEYS.iter().flatten().any(|w| *w == k) || pinned.values().any(|p| header_key(p) == k))
        })
        .count()
}

/// What the file seems to be about, for `inspect` without a source.
pub fn guess_content(lines: &[Line]) -> Content {
    let none = BTreeMap::new();
    let best = |content| lines.iter().map(|l| Columns::read(l, content, &none, None)).max_by_key(Columns::len);
    if best(Content::Leave).is_some_and(|c| c.has(Field::From) && c.has(Field::Until)) {
        return Content::Leave;
    }
    if best(Content::Feedback).is_some_and(|c| c.has(Field::Action) || c.has(Field::ReturnedOn)) {
        return Content::Feedback;
    }
    let dated = best(Content::Attendance).is_some_and(|c| c.has(Field::Date) || c.has(Field::Slot));
    let marks = [Field::Sex, Field::BirthDate, Field::Guardian1Name, Field::Guardian1Phone, Field::EnrolledOn];
    let register = best(Content::Register)
        .is_some_and(|c| marks.iter().any(|f| c.has(*f)) || c.headers.iter().any(|h| h == "学籍状态"));
    // A roll book has 性别 too; its numbered columns make it a matrix of attendance.
    let numbered = lines.iter().any(|l| l.cells().filter(|c| super::layout::is_numbered(c)).count() >= 3);
    if register && !dated && !numbered { Content::Register } else { Content::Attendance }
}
