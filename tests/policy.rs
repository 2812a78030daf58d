//! The policy stories under tests/policy: every one of them can be read, and what it wants happens.

use kongchuo::domain::message::Lang;
use kongchuo::story;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn stories() -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> = ["tests/policy", "tests/policy/rules", "tests/policy/reference"]
        .iter()
        .flat_map(|f| std::fs::read_dir(root().join(f)).expect("the folder of the stories"))
        .map(|e| e.expect("a file").path())
        .filter(|p| p.to_string_lossy().ends_with(".test.yaml"))
        .collect();
    files.sort();
    files
}

#[test]
fn every_story_can_be_read() {
    let mut problems = String::new();
    for path in stories() {
        let text = std::fs::read_to_string(&path).expect("a story is a file");
        if let Err(found) = story::read::read(&text, Lang::En) {
            problems += &story::show::problems(&path.display().to_string(), &found, Lang::En);
        }
    }
    assert_eq!(problems, "");
}

#[test]
fn every_story_comes_true() {
    let mut failed = String::new();
    let all = stories();
    assert!(all.len() >= 45, "stories are missing");
    for path in all {
        match story::tell::tell(&path, std::path::Path::new("kongchuo.yaml"), Lang::En) {
            Ok(told) if told.passed() => {}
            Ok(told) => failed += &story::show::text(&told, Lang::En),
            Err(story::tell::Untold::Unreadable(problems)) => {
                failed += &story::show::problems(&path.display().to_string(), &problems, Lang::En);
            }
            Err(story::tell::Untold::Broke(why)) => failed += &format!("{}: {why}\n", path.display()),
        }
    }
    assert_eq!(failed, "");
}

#[test]
fn every_rule_of_the_ready_made_files_has_a_story_in_which_it_fires() {
    for entry in std::fs::read_dir(root().join("config/rules")).expect("the folder of ready-made rules") {
        let name = entry.expect("a file").file_name().to_string_lossy().replace(".yaml", "");
        let policy = match kongchuo::config::load(&root().join(format!("tests/policy/rules/{name}.yaml"))) {
            Ok(loaded) => loaded.policy,
            Err(problems) => panic!("{name}: {} problems", problems.len()),
        };
        let told: String = stories()
            .iter()
            .filter(|p| p.file_name().is_some_and(|f| f.to_string_lossy().starts_with(&name)))
            .map(|p| std::fs::read_to_string(p).expect("a story is a file"))
            .collect();
        for rule in &policy.rules {
            assert!(told.contains(&format!("{{rule: {}, ", rule.id)), "{name}: no story wants `{}`", rule.id);
        }
    }
}

/// Every test that there is, by its name.
fn tests() -> BTreeSet<String> {
    fn read(folder: &Path, found: &mut BTreeSet<String>) {
        for path in std::fs::read_dir(folder).expect("a folder").map(|e| e.expect("an entry").path()) {
            if path.is_dir() {
                read(&path, found);
            } else if path.extension().is_some_and(|e| e == "rs") {
                let text = std::fs::read_to_string(&path).expect("a source file");
                let after_mark = text.split("#[test]").skip(1).chain(text.split("#[tokio::test").skip(1));
                let names = after_mark.filter_map(|t| t.split_once("fn ")?.1.split_once('(').map(|(name, _)| name));
                found.extend(names.map(str::to_owned));
            }
        }
    }
    let mut found = BTreeSet::new();
    ["src", "tests"].iter().for_each(|folder| read(&root().join(folder), &mut found));
    found
}

#[test]
fn every_sentence_of_the_contract_names_stories_and_tests_that_there_are() {
    let page = std::fs::read_to_string(root().join("tests/policy/sentences.md")).expect("the page of sentences");
    let tests = tests();
    let rows = page.lines().filter(|l| l.starts_with("| ") && !l.starts_with("| sentence"));
    let mut sentences = 0;
    for row in rows {
        let stories = row.trim_end_matches([' ', '|']).rsplit(" | ").next().unwrap_or_default();
        let named: Vec<&str> = stories.split('`').skip(1).step_by(2).collect();
        assert!(!named.is_empty(), "no story: {row}");
        for name in named {
            // What needs a machine, a disk or a person at the command line is proved by a test of its own.
            let there_is = match name.strip_prefix("test: ") {
                Some(test) => tests.contains(test),
                None => root().join(format!("tests/policy/{name}.test.yaml")).exists(),
            };
            assert!(there_is, "{name} is named in: {row}");
        }
        sentences += 1;
    }
    assert!(sentences > 120, "rows are missing");
}
