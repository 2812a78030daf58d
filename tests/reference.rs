//! The rule reference (config/rules-reference.zh.md, .en.md): made from the types of the rule language, the words of the
//! catalogue, and the stories under tests/policy/reference, which are played by the program itself: the strips and findings
//! of the page are what it returned. `KONGCHUO_BLESS=1` writes the pages anew.

use kongchuo::config::{self, manual};
use kongchuo::domain::Date;
use kongchuo::domain::message::{Lang, manual as say};
use kongchuo::domain::policy::Policy;
use kongchuo::domain::rule::explain;
use kongchuo::domain::timeline::{self, Built, Day};
use kongchuo::drive::forms::Forms;
use kongchuo::drive::spine::Spine;
use kongchuo::step;
use kongchuo::store::{Db, Key, evidence};
use kongchuo::story::{marks, play, read, stage, tested};
use serde_json::Value;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

const FOLDER: &str = "tests/policy/reference";

/// What the program made of an example: at each checkpoint and at the end.
struct Played {
    text: String,
    zh: String,
    looks: Vec<Look>,
    strips: BTreeMap<String, Vec<(Date, String)>>,
}

struct Look {
    at: String,
    findings: Vec<Value>,
    cases: Option<Vec<Value>>,
}

fn examples() -> Vec<PathBuf> {
    let entries = std::fs::read_dir(FOLDER).expect("the folder of the examples");
    let mut out: Vec<PathBuf> = entries.map(|e| e.expect("a file").path()).collect();
    out.retain(|p| p.to_string_lossy().ends_with(".test.yaml"));
    out.sort_by_key(|p| p.display().to_string().replace(".test.yaml", ""));
    out
}

/// The longest key of a part that the file's name begins with.
fn part_of(path: &Path) -> Option<&'static str> {
    let name = path.file_name()?.to_string_lossy().replace(".test.yaml", "").replace('_', "-");
    let fits = |key: &&&str| {
        let key = key.replace('_', "-");
        name == key || name.strip_prefix(&key).is_some_and(|rest| rest.starts_with('-'))
    };
    let parts = manual::rules::parts();
    parts.iter().filter(fits).max_by_key(|key| key.len()).copied()
}

fn played(path: &Path) -> Played {
    let text = std::fs::read_to_string(path).expect("an example is a file");
    let name = path.display().to_string();
    let story = read::read(&text, Lang::En).unwrap_or_else(|p| panic!("{name}: {p:?}"));
    let load = |of: &read::PolicyOf| match of {
        read::PolicyOf::Inline(node) => {
            let inside = config::compile_inside(&text, node.line, node.column, Path::new(FOLDER), &name);
            Ok(inside.unwrap_or_else(|p| panic!("{name}: {}", p[0].render(Lang::En))).policy)
        }
        read::PolicyOf::Path { path, .. } => {
            let there = config::load(&Path::new(FOLDER).join(path));
            Ok(there.unwrap_or_else(|p| panic!("{name}: {}", p[0].render(Lang::En))).policy)
        }
        read::PolicyOf::InUse => panic!("{name}: an example brings its rules"),
    };
    let staged = stage::stage(&story, Path::new(FOLDER), Lang::En, &load).unwrap_or_else(|p| panic!("{name}: {p:?}"));
    let key = Key::from_hex(&"11".repeat(32)).expect("64 hex digits");
    let db = Db::open_in_memory(&key).expect("a database in memory");
    let spine = Spine::new(db, staged.policy.clone(), tested::our_words());
    let looks = RefCell::new(Vec::new());
    let strips = RefCell::new(BTreeMap::new());
    let wants_cases = story.want.cases.is_some();
    let differences = play::play(&story, &staged, spine, Lang::En, |spine, now| {
        let mut forms = Forms::new(&spine.db, spine.policy(), now, true)?;
        let seen = play::Seen {
            findings: forms.findings()?,
            letters: forms.letters()?,
            cases: forms.cases()?,
            incidents: forms.incidents()?,
            ledger: forms.ledger()?,
        };
        let (findings, cases) = (seen.findings.clone(), wants_cases.then(|| seen.cases.clone()));
        looks.borrow_mut().push(Look { at: now.format("%m-%d %H:%M").to_string(), findings, cases });
        *strips.borrow_mut() = strips_of(&spine.db, spine.policy(), &mut forms, story.first_day(), now.date())?;
        Ok(seen)
    });
    let differences = differences.unwrap_or_else(|e| panic!("{name}: {e}"));
    assert!(differences.is_empty(), "{name}: {differences:?}");
    Played { text, zh: story.title.clone(), looks: looks.into_inner(), strips: strips.into_inner() }
}

type Strips = BTreeMap<String, Vec<(Date, String)>>;

/// Each pupil's days as the evaluator read them.
fn strips_of(
    db: &Db,
    policy: &Policy,
    forms: &mut Forms,
    from: Date,
    to: Date,
) -> Result<Strips, Box<dyn std::error::Error + Send + Sync>> {
    let ready = step::prepared(policy);
    let loaded = evidence::load_all(db.conn())?;
    let pupils: Vec<_> = loaded.register.iter().map(|r| r.pupil).collect();
    let built: Built = timeline::build(policy, &ready.calendar, &loaded, &pupils, to, None);
    let mut out = BTreeMap::new();
    for (pupil, line) in &built.timelines {
        let Some(member) = built.roster.member_of(*pupil) else { continue };
        let days = explain::strip(line, member, &ready.calendar, from, to);
        let token = |m: &explain::Mark| match line.day(&ready.calendar, m.date) {
            Some(day) => periods_of(&day, m.mark),
            None => m.mark.to_string(),
        };
        let tokens = days.iter().map(|m| (m.date, token(m))).collect();
        out.insert(forms.pupil(*pupil)?, tokens);
    }
    Ok(out)
}

/// One mark for the day, or one for each of its periods where they differ.
fn periods_of(day: &Day, whole: char) -> String {
    let names = marks::built_in();
    let mark = |status: &str| names.iter().find(|(_, m)| **m == marks::mark_of(status)).map_or('○', |(c, _)| *c);
    let each: Vec<char> = day.statuses().map(|(_, status, _)| mark(status.as_str())).collect();
    match each.as_slice() {
        [] => whole.to_string(),
        [first, rest @ ..] if rest.iter().all(|c| c == first) => first.to_string(),
        all => all.iter().collect(),
    }
}

// ---------------------------------------------------------------- as Markdown

/// The lines of a top-level key, or of one below `policy:`.
fn block<'t>(text: &'t str, key: &str, indent: &str) -> Vec<&'t str> {
    let head = format!("{indent}{key}:");
    let mut lines = text.lines().skip_while(|l| *l != head);
    let inside = |l: &&str| l.is_empty() || l.starts_with(indent) && l[indent.len()..].starts_with(' ');
    match lines.next() {
        Some(first) => std::iter::once(first).chain(lines.take_while(inside)).map(|l| &l[indent.len()..]).collect(),
        None => Vec::new(),
    }
}

/// Columns of a pupil that say more than who it is.
fn says_more(line: &&str) -> bool {
    ["status", "enrolled_on", "left_on", "boarding", "sex", "birth_date", "groups"].iter().any(|k| line.contains(k))
}

fn markdown(p: &Played, lang: Lang) -> String {
    let en = p.text.lines().next().unwrap_or_default().trim_start_matches("# ");
    let title = if lang == Lang::Zh { p.zh.as_str() } else { en };
    let mut out = format!("\n**{}** {title}\n\n```yaml\n", say::example(lang));
    block(&p.text, "rules", "  ").iter().for_each(|l| {
        let _ = writeln!(out, "{l}");
    });
    let pupils: Vec<&str> = block(&p.text, "pupils", "").into_iter().filter(says_more).collect();
    if !pupils.is_empty() {
        let _ = writeln!(out, "pupils:\n{}", pupils.join("\n"));
    }
    for l in block(&p.text, "timeline", "") {
        let _ = writeln!(out, "{l}");
    }
    out.push_str("```\n\n");
    strips(&mut out, &p.strips, lang);
    for (i, look) in p.looks.iter().enumerate() {
        if i + 1 < p.looks.len() || p.looks.len() > 1 {
            let _ = write!(out, "\n{}\n", say::at_instant(lang, &look.at));
        }
        findings(&mut out, &look.findings, lang);
        if let Some(cases) = &look.cases {
            let shown: Vec<String> = cases.iter().map(|c| format!("`{}`", short_case(c))).collect();
            let _ = write!(out, "\n{}\n", say::cases_now(lang, shown.join(" ")));
        }
    }
    out
}

fn short_case(c: &Value) -> Value {
    serde_json::json!({"pupil": c["pupil"], "state": c["state"], "level": c["level"]})
}

/// A row for each pupil, a column for each week.
fn strips(out: &mut String, strips: &Strips, lang: Lang) {
    let Some(first) = strips.values().next() else { return };
    let days: Vec<&(Date, String)> =
        first.iter().filter(|(d, t)| t != " " || strips.values().any(|s| at(s, *d) != " ")).collect();
    let weeks: Vec<&[&(Date, String)]> =
        days.chunk_by(|a, b| a.0.format("%G%V").to_string() == b.0.format("%G%V").to_string()).collect();
    let span = |w: &[&(Date, String)]| {
        let (a, z) = (w[0].0.format("%m-%d").to_string(), w[w.len() - 1].0.format("%m-%d").to_string());
        if a == z { a } else { format!("{a} … {z}") }
    };
    let heads: Vec<String> = weeks.iter().map(|w| span(w)).collect();
    let _ = write!(out, "| {} | {} |\n|---|{}\n", say::who(lang), heads.join(" | "), "---|".repeat(weeks.len()));
    for (no, all) in strips {
        let cells: Vec<String> =
            weeks.iter().map(|w| w.iter().map(|(d, _)| at(all, *d)).collect::<Vec<_>>().join(" ")).collect();
        let _ = writeln!(out, "| {no} | {} |", cells.join(" | "));
    }
}

fn at(days: &[(Date, String)], date: Date) -> &str {
    days.iter().find(|(d, _)| *d == date).map_or(" ", |(_, t)| t)
}

fn findings(out: &mut String, all: &[Value], lang: Lang) {
    if all.is_empty() {
        let _ = write!(out, "\n{}\n", say::nothing_found(lang));
        return;
    }
    let heads = [
        say::rule_column(lang),
        say::who(lang),
        say::fired_on(lang),
        say::last_on(lang),
        say::still_open(lang),
        say::measure(lang),
        say::evidence(lang),
    ];
    let _ = write!(out, "\n| {} |\n|{}\n", heads.join(" | "), "---|".repeat(heads.len()));
    let word = |v: &Value| v.as_str().unwrap_or_default().to_string();
    let day = |v: &Value| v.as_str().and_then(|d| d.get(5..)).unwrap_or_default().to_string();
    let mut rows: Vec<String> = Vec::new();
    for f in all {
        let subject = &f["subject"];
        let who =
            ["pupil", "class", "school"].iter().find_map(|k| subject[*k].as_str().or(f[*k].as_str())).unwrap_or("");
        let open = if f["open"] == true { say::yes(lang) } else { say::no(lang) };
        let measure = if f["measure"].is_null() { String::new() } else { format!("`{}`", f["measure"]) };
        let evidence: Vec<String> = f["evidence"].as_array().into_iter().flatten().map(day).collect();
        rows.push(format!(
            "| `{}` | {who} | {} | {} | {open} | {measure} | {} |",
            word(&f["rule"]),
            day(&f["fired_on"]),
            day(&f["last_on"]),
            evidence.join(" ")
        ));
    }
    rows.sort();
    let _ = writeln!(out, "{}", rows.join("\n"));
}

// ---------------------------------------------------------------- the tests

#[test]
fn the_rule_reference_is_what_the_types_and_the_evaluator_say() {
    let mut by_part: BTreeMap<String, Vec<Played>> = BTreeMap::new();
    for path in examples() {
        let part = part_of(&path).unwrap_or_else(|| panic!("{}: of no part of the page", path.display()));
        by_part.entry(part.to_string()).or_default().push(played(&path));
    }
    let policy =
        config::load(Path::new("config/kongchuo.yaml")).unwrap_or_else(|_| panic!("the example compiles")).policy;
    for (lang, file) in [(Lang::Zh, "config/rules-reference.zh.md"), (Lang::En, "config/rules-reference.en.md")] {
        let shown: BTreeMap<String, String> =
            by_part.iter().map(|(part, all)| (part.clone(), all.iter().map(|p| markdown(p, lang)).collect())).collect();
        let page = manual::rules::page(lang, &policy, &shown);
        if std::env::var_os("KONGCHUO_BLESS").is_some() {
            std::fs::write(file, &page).expect("the page can be written");
        }
        let there = std::fs::read_to_string(file).unwrap_or_default();
        assert!(there == page, "{file} is not what the program says; KONGCHUO_BLESS=1 writes it anew");
    }
}

#[test]
fn every_condition_is_documented_with_its_options_and_an_example_that_fires() {
    assert_eq!(manual::rules::undocumented(), Vec::<String>::new());
    let all = examples();
    for part in kongchuo::config::raw::Cond::names() {
        let mine: Vec<&PathBuf> = all.iter().filter(|p| part_of(p) == Some(part)).collect();
        assert!(!mine.is_empty(), "`{part}` has no example");
        for path in mine {
            let text = std::fs::read_to_string(path).expect("an example is a file");
            assert!(text.contains(&format!("{part}:")), "{}: is about something else", path.display());
            let p = played(path);
            assert!(p.looks.iter().any(|l| !l.findings.is_empty()), "{}: nothing is found", path.display());
        }
    }
}

#[test]
fn every_comment_has_its_chinese() {
    let comments = manual::comments();
    let missing: Vec<&String> = comments.iter().filter(|c| say::chinese(c).is_none()).collect();
    assert!(missing.is_empty(), "without Chinese: {missing:#?}");
    let stale: Vec<&str> = say::translated().filter(|en| !comments.iter().any(|c| c == en)).collect();
    assert!(stale.is_empty(), "of no key any longer: {stale:#?}");
}

#[test]
fn the_program_prints_the_pages_in_the_readers_language() {
    let print = |args: &[&str]| {
        let out = std::process::Command::new(env!("CARGO_BIN_EXE_kongchuo")).args(args).output();
        String::from_utf8(out.expect("the program starts").stdout).expect("a page is text")
    };
    let file = |path: &str| std::fs::read_to_string(path).expect("the page is there");
    assert_eq!(print(&["schema", "--rules", "--lang", "zh"]), file("config/rules-reference.zh.md"));
    assert_eq!(print(&["schema", "--rules", "--lang", "en"]), file("config/rules-reference.en.md"));
    assert_eq!(print(&["schema", "--reference", "--lang", "zh"]), file("config/reference.zh.md"));
    assert_eq!(print(&["schema", "--reference", "--lang", "en"]), file("config/reference.md"));
}
