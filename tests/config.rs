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
    assert!(all.len() >= 40, "{} broken configurations", all.len());
    let mut wrong = Vec::new();
    for path in all {
        let problems = problems(&path);
        let serious = problems.iter().filter(|p| p.severity != Severity::Note).count();
        if serious != 1 {
            wrong.push(format!("{}: {serious} problems, one mistake\n{}", path.display(), show(&problems)));
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
