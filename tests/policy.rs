//! The policy stories under tests/policy: every one of them can be read, and what it wants happens.

use kongchuo::domain::message::Lang;
use kongchuo::story;
use std::path::PathBuf;

fn stories() -> Vec<PathBuf> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/policy");
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder)
        .expect("the folder of the stories")
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
