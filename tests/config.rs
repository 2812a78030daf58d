//! Configurations: the example and everything under `tests/configs/valid` compile; each file under
//! `tests/configs/invalid` has one mistake, told in the words of the file beside it. `KONGCHUO_BLESS=1` writes those anew.

use kongchuo::config::{self, Problem, Severity};
use kongchuo::domain::message::Lang;
use std::path::{Path, PathBuf};

fn files(folder: &str) -> Vec<PathBuf> {
    let folder = Path::new("tests/configs").join(folder);
    let entries = std::fs::read_dir(&folder).expect("the folder of test configurations");
    let mut out: Vec<PathBuf> =
        entries.filter_map(|e| Some(e.ok()?.path())).filter(|p| p.extension().is_some_and(|x| x == "yaml")).collect();
    out.sort();
    out
}

fn problems(path: &Path) -> Vec<Problem> {
    match config::load(path) {
        Ok(loaded) => loaded.warnings,
        Err(problems) => problems,
    }
}

fn show(problems: &[Problem]) -> String {
    let mut out = String::new();
    for lang in [Lang::Zh, Lang::En] {
        for problem in problems {
            out.push_str(&problem.render(lang));
            out.push_str("\n\n");
        }
    }
    // What the system says about a file that is not there names the machine's folders.
    let here = std::env::current_dir().expect("a current folder").display().to_string();
    out.replace(&here, "…")
}

#[test]
fn each_broken_configuration_has_one_problem_in_plain_words() {
    let all = files("invalid");
    assert!(all.len() >= 180, "{} broken configurations", all.len());
    let mut wrong = Vec::new();
    for path in all {
        let problems = problems(&path);
        let serious = problems.iter().filter(|p| p.severity != Severity::Note).count();
        if serious != 1 {
            wrong.push(format!("{}: {serious} problems, one mistake\n{}", path.display(), show(&problems)));
        }
        // Who reads it wants to know what to do, in both languages.
        for lang in [Lang::Zh, Lang::En] {
            for p in problems.iter().filter(|p| p.severity != Severity::Note && p.hint(lang).is_none_or(str::is_empty))
            {
                wrong.push(format!("{}: no way out of: {}", path.display(), p.brief(lang)));
            }
        }
        let shown = show(&problems);
        let beside = path.with_extension("txt");
        if std::env::var_os("KONGCHUO_BLESS").is_some() {
            std::fs::write(&beside, &shown).expect("the expected words can be written");
        }
        let expected = std::fs::read_to_string(&beside).unwrap_or_default();
        if shown != expected {
            wrong.push(format!("{}\n--- expected\n{expected}--- said\n{shown}", path.display()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn good_configurations_have_no_problem() {
    let all = files("valid");
    assert!(!all.is_empty());
    for path in all {
        let said = show(&problems(&path));
        assert!(config::load(&path).is_ok() && said.is_empty(), "{}\n{said}", path.display());
    }
}

#[test]
fn the_example_that_init_writes_has_no_problem() {
    let said = show(&problems(Path::new("config/kongchuo.yaml")));
    assert!(said.is_empty(), "{said}");
}

#[test]
fn the_reference_and_the_schema_are_those_of_the_types() {
    let pages = [
        ("config/reference.zh.md", config::manual::page(Lang::Zh)),
        ("config/reference.md", config::manual::page(Lang::En)),
        ("config/schema.json", format!("{:#}\n", config::manual::schema())),
    ];
    for (path, text) in pages {
        if std::env::var_os("KONGCHUO_BLESS").is_some() {
            std::fs::write(path, &text).expect("the page can be written");
        }
        let there = std::fs::read_to_string(path).unwrap_or_default();
        assert!(there == text, "{path} is not what the types say; KONGCHUO_BLESS=1 writes it anew");
    }
}

// ---------------------------------------------------------------- what compiles into what

fn contract() -> kongchuo::domain::policy::Policy {
    match config::load(Path::new("tests/configs/valid/contract.yaml")) {
        Ok(loaded) => loaded.policy,
        Err(problems) => panic!("{}", show(&problems)),
    }
}

#[test]
fn receipts_are_waited_for_where_the_gateway_gives_them_unless_the_policy_says_never() {
    let policy = contract();
    let within = |id: &str| policy.channel(&id.into()).expect("a channel of the contract's example").receipt_within_s();
    assert_eq!(within("mas"), Some(2 * 60 * 60));
    assert_eq!(within("sms"), None);
    assert_eq!(within("email"), None);
}

#[test]
fn a_role_that_is_not_named_has_the_hours_of_the_office() {
    let policy = contract();
    let check = |role: &str, expected: &str| {
        let h = policy.contacts.hours_of(&role.into());
        let quiet = h.quiet.map_or("none".into(), |(a, z)| format!("{}-{}", a.format("%H:%M"), z.format("%H:%M")));
        let digest = h.digest.map_or("none".into(), |t| t.format("%H:%M").to_string());
        assert_eq!(format!("{quiet} {} {:?} {digest}", h.working_days_only, h.per_day), expected, "{role}");
    };
    check("guardian", "21:00-07:00 false Some(1) none");
    check("principal", "19:00-07:30 true None none");
    check("education_office", "19:00-07:30 true None 08:30");
    check("homeroom", "none true None none");
}

#[test]
fn slots_and_half_days_are_places_in_the_day() {
    let policy = contract();
    let nine = policy.school(&"cs-nine".into()).expect("it is configured");
    let slots: Vec<String> = nine.slots.iter().map(|s| format!("{}={:?}", s.id, s.periods)).collect();
    assert_eq!(slots, ["am=[0, 1, 2, 3, 4]", "pm=[5, 6]", "evening=[7]"]);
    let primary = policy.school(&"cs-primary".into()).expect("it is configured");
    let days: Vec<String> = primary
        .patterns
        .iter()
        .flat_map(|p| p.weeks.iter())
        .flat_map(|w| w.half_days.iter())
        .map(|h| format!("{} {:?} {}", h.weekday, h.periods, h.day))
        .collect();
    assert_eq!(days, ["Sat [0, 1, 2, 3] true", "Sun [5] false"]);
}

#[test]
fn sets_take_own_statuses_in_and_a_status_means_itself() {
    let weights = |of: &str| {
        let yaml = format!(
            "include: [{}]\nstatuses: {{fever: {{like: sick}}, suspended: {{words: [停课], in: [absent]}}}}\n\
             rules: [{{id: r, title: r, level: 2, ladder: compulsory, when: {{consecutive: {{of: {of}, days: 1}}}}}}]\n",
            ["township", "calendar", "schools", "sources", "ladders", "contacts", "channels"]
                .map(|s| format!("base/{s}.yaml"))
                .join(", ")
        );
        let loaded = match config::compile_inline(&yaml, Path::new("tests/configs/invalid/.."), "inline", 0) {
            Ok(loaded) => loaded,
            Err(problems) => panic!("{}", show(&problems)),
        };
        match &loaded.policy.rules[0].when {
            kongchuo::domain::rule::ast::Cond::Consecutive { counting, .. } => {
                counting.of.weights.iter().map(|(s, w)| format!("{s}:{w}")).collect::<Vec<_>>().join(" ")
            }
            _ => panic!("it is a consecutive"),
        }
    };
    let check = |of: &str, expected: &str| assert_eq!(weights(of), expected, "{of}");
    check("sick", "sick:1");
    check("excused", "sick:1 personal:1 fever:1");
    check("[truant, late]", "late:1 truant:1");
    check("{truant: 1, late: 1/3}", "late:1/3 truant:1");
    check("absent", "sick:1 personal:1 truant:1 unexplained:1 fever:1 suspended:1");
    check("{absent: 1, sick: 1/2}", "sick:1/2 personal:1 truant:1 unexplained:1 fever:1 suspended:1");
    check("missing", "truant:1 unexplained:1 not_listed:1");
}

#[test]
fn a_change_in_any_file_is_another_policy_and_only_changed_ladders_are_other_ladders() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).expect("it can be written");
    let read = |name: &str| std::fs::read_to_string(Path::new("config").join(name)).expect("a file of the example");
    std::fs::create_dir(folder.path().join("holidays")).expect("it can be made");
    for name in [
        "kongchuo.yaml",
        "calendar.yaml",
        "schools.yaml",
        "sources.yaml",
        "rules.yaml",
        "ladders.yaml",
        "contacts.yaml",
        "channels.yaml",
        "holidays/2026.json",
    ] {
        write(name, &read(name));
    }
    let load = || match config::load(&folder.path().join("kongchuo.yaml")) {
        Ok(loaded) => loaded.policy,
        Err(problems) => panic!("{}", show(&problems)),
    };
    let first = load();
    assert_eq!(first.hash.len(), 16);
    assert_eq!(first.hash, load().hash);
    write("holidays/2026.json", &read("holidays/2026.json").replace("元旦", "新年"));
    let second = load();
    assert_ne!(first.hash, second.hash);
    write("ladders.yaml", &read("ladders.yaml").replace("gap_min: 2h", "gap_min: 3h"));
    let third = load();
    let versions = |p: &kongchuo::domain::policy::Policy| p.ladders.iter().map(|l| l.hash.clone()).collect::<Vec<_>>();
    assert_eq!(versions(&first), versions(&second));
    assert_ne!(versions(&first)[0], versions(&third)[0]);
    assert_eq!(versions(&first)[1], versions(&third)[1]);
    assert_eq!(first.rules, third.rules);
}

#[test]
fn a_stored_ladder_is_the_ladder_that_was_compiled() {
    for ladder in contract().ladders {
        let stored = serde_json::to_string(&ladder).expect("a ladder is plain data");
        let again: kongchuo::domain::policy::Ladder = serde_json::from_str(&stored).expect("it can be read again");
        assert_eq!(again, ladder);
    }
}

#[test]
fn a_policy_inside_a_story_is_told_with_the_lines_of_the_story() {
    let story = "title: x\npolicy:\n  township: {name: 春山镇, code: \"520123104\"}\n  mdoe: live\nuntil: 2026-09-10\n";
    let problems = match config::compile_inside(story, 3, 3, Path::new("tests/configs"), "a.test.yaml") {
        Ok(_) => Vec::new(),
        Err(problems) => problems,
    };
    let said: Vec<String> = problems.iter().map(|p| p.brief(Lang::En)).collect();
    assert!(said.contains(&"a.test.yaml:4:3: there is no key `mdoe` here".to_string()), "{said:?}");
}

// ---------------------------------------------------------------- the commands

fn kongchuo(args: &[&str]) -> (Option<i32>, String) {
    let out = std::process::Command::new(env!("CARGO_BIN_EXE_kongchuo"))
        .args(args)
        .env("NO_COLOR", "1")
        .output()
        .expect("the program starts");
    (out.status.code(), String::from_utf8_lossy(&out.stdout).into_owned() + &String::from_utf8_lossy(&out.stderr))
}

#[test]
fn init_writes_a_township_that_checks_and_never_writes_over_one() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().expect("a temporary folder");
    let dir = folder.path().join("town");
    let (dir, config) = (dir.display().to_string(), dir.join("kongchuo.yaml").display().to_string());
    let (code, said) = kongchuo(&["init", &dir, "--lang", "en"]);
    assert_eq!(code, Some(0), "{said}");
    let key = Path::new(&dir).join("secrets/seal.key");
    let mode = std::fs::metadata(&key).expect("the key is there").permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let text = std::fs::read_to_string(&key).expect("the key can be read");
    assert_eq!(text.trim_end().len(), 64);
    assert!(text.trim_end().bytes().all(|b| b.is_ascii_hexdigit()));
    let (code, said) = kongchuo(&["--config", &config, "check", "--live", "--lang", "en"]);
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("next five"), "{said}");
    let (code, said) = kongchuo(&["init", &dir, "--lang", "en"]);
    assert_eq!(code, Some(2), "{said}");
    assert!(said.contains("kongchuo.yaml"), "{said}");
}

#[test]
fn check_exits_with_what_it_found() {
    let check = |config: &str, code: i32, has: &str| {
        let (got, said) = kongchuo(&["check", "--config", config, "--lang", "en"]);
        assert!(got == Some(code) && said.contains(has), "{config}: {got:?}\n{said}");
    };
    check("tests/configs/valid/contract.yaml", 0, "no problems");
    check("tests/configs/invalid/unknown-key.yaml", 1, "tests/configs/invalid/unknown-key.yaml:5:1: there is no key");
    check("tests/configs/invalid/unknown-key.yaml", 1, "hint: did you mean `morning_report`?");
    check("tests/configs/invalid/no-such-file.yaml", 2, "hint:");
}

#[test]
fn check_for_machines_prints_one_object_a_line() {
    let config = "tests/configs/invalid/rung-to-unknown-role.yaml";
    let (code, said) = kongchuo(&["check", "--config", config, "--format", "json", "--lang", "en"]);
    assert_eq!(code, Some(1));
    let lines: Vec<serde_json::Value> =
        said.lines().map(|l| serde_json::from_str(l).expect("each line is an object")).collect();
    assert_eq!(lines[0]["file"], config);
    assert_eq!(lines[0]["line"], 7);
    assert_eq!(lines[0]["hint"], "did you mean `guardian`?");
}
