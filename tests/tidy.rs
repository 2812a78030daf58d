//! Tidy: the house rules held on parsed code. Who may import whom, which crate lives in which room, where the time is
//! asked for, module docs, file sizes, the map in ARCHITECTURE.md, and that nobody real stands in a fixture.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use syn::visit::Visit;

// ---------------------------------------------------------------- the plan of the house

/// For each room (the first folder or file under src/): the rooms that it may import beside itself.
/// Later rows stand higher in the picture of ARCHITECTURE.md.
const ROOMS: &[(&str, &[&str])] = &[
    ("domain", &[]),
    // Pure.
    ("decode", &["domain"]),
    ("config", &["domain"]),
    ("document", &["domain"]),
    // IO; never each other.
    ("clock", &["domain"]),
    ("source", &["domain"]),
    ("store", &["domain"]),
    ("channel", &["domain"]),
    // Steps: the real code between the store and the pure rooms.
    ("step", &["domain", "decode", "document", "store"]),
    // What calls the steps.
    ("drive", &["domain", "decode", "config", "document", "clock", "source", "store", "channel", "step"]),
    ("story", &["domain", "decode", "config", "document", "clock", "source", "store", "channel", "step", "drive"]),
    ("console", &["domain", "decode", "config", "document", "clock", "source", "store", "channel", "step", "drive"]),
    (
        "cli",
        &[
            "domain", "decode", "config", "document", "clock", "source", "store", "channel", "step", "drive", "story",
            "console",
        ],
    ),
];

/// A crate and the places (prefixes of the path under src/) where it may be named.
const CRATES: &[(&str, &[&str])] = &[
    ("rusqlite", &["store"]),
    ("reqwest", &["source", "channel"]),
    ("lettre", &["channel/email"]),
    ("axum", &["channel/callback"]),
    ("calamine", &["decode"]),
    ("cron", &["config", "domain/calendar", "drive", "source"]),
    ("tokio", &["source", "channel", "drive", "cli"]),
    ("serde_yaml", &["config", "story"]),
    ("indicatif", &["cli", "drive"]),
    ("clap", &["cli"]),
    ("minijinja", &["channel", "config", "domain/notice", "domain/words", "step"]),
    ("aes_gcm", &["store"]),
];

/// Rooms that do no IO at all: these parts of the standard library are not named there.
/// `config` reads its own files and secrets and is pure otherwise.
const PURE: &[&str] = &["domain", "decode", "document"];
const IO: &[&str] = &["fs", "net", "process", "env", "thread"];
/// Rooms without async: the steps run on the writer's thread and in virtual time.
const SYNC: &[&str] = &["domain", "decode", "config", "document", "store", "step", "clock"];

const LINES_MAX: usize = 900;
/// One file may be longer: the second evaluator is read from top to bottom against rules.md, or it proves nothing.
const LONGER: (&str, usize) = ("tests/differential/plain.rs", 1200);

// ---------------------------------------------------------------- reading the code

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn files_under(folder: &Path, wanted: &dyn Fn(&Path) -> bool) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_path_buf()];
    while let Some(f) = folders.pop() {
        let Ok(entries) = fs::read_dir(&f) else { continue };
        for entry in entries.flatten() {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
            } else if wanted(&path) {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

fn rust_files(folder: &str) -> Vec<PathBuf> {
    files_under(&root().join(folder), &|p| p.extension().is_some_and(|e| e == "rs"))
}

/// The path as the report names it.
fn short(path: &Path) -> String {
    path.strip_prefix(root()).unwrap_or(path).to_string_lossy().into_owned()
}

/// The module that a file under src/ is: `domain/rule/ast.rs` → [domain, rule, ast].
fn module_of(under_src: &str) -> Vec<String> {
    let mut parts: Vec<String> = under_src.trim_end_matches(".rs").split('/').map(str::to_owned).collect();
    if parts.last().is_some_and(|l| l == "mod" || l == "lib" || l == "main") {
        parts.pop();
    }
    parts
}

/// One path as it stands in the code, made absolute: `super::ids::Role` in domain::case → `crate::domain::ids::Role`.
#[derive(Debug)]
struct Named {
    path: Vec<String>,
    line: usize,
}

/// Everything that one file names.
struct Reader {
    module: Vec<String>,
    /// Inside `#[cfg(test)]`: tests may build what they need from the rooms above.
    in_test: usize,
    named: Vec<Named>,
    async_lines: Vec<usize>,
    now_lines: Vec<usize>,
}

fn is_test_only(attributes: &[syn::Attribute]) -> bool {
    attributes.iter().any(|a| {
        a.path().is_ident("cfg")
            && matches!(&a.meta, syn::Meta::List(l) if l.tokens.to_string().split(|c: char| !c.is_alphanumeric()).any(|w| w == "test"))
    })
}

impl Reader {
    fn of(file: &Path, under_src: &str) -> Reader {
        let text = fs::read_to_string(file).expect("a source file can be read");
        Reader::of_text(&text, under_src)
    }

    fn of_text(text: &str, under_src: &str) -> Reader {
        let parsed = syn::parse_file(text).unwrap_or_else(|e| panic!("{under_src} does not parse: {e}"));
        let mut reader = Reader {
            module: module_of(under_src),
            in_test: 0,
            named: Vec::new(),
            async_lines: Vec::new(),
            now_lines: Vec::new(),
        };
        reader.visit_file(&parsed);
        reader
    }

    fn name(&mut self, segments: &[String], line: usize) {
        if self.in_test > 0 || segments.is_empty() {
            return;
        }
        let path = match segments[0].as_str() {
            "crate" => segments.to_vec(),
            "self" if segments.len() > 1 => self.absolute(0, &segments[1..]),
            "super" => {
                let up = segments.iter().take_while(|s| *s == "super").count();
                self.absolute(up, &segments[up..])
            }
            "self" => return,
            _ => segments.to_vec(),
        };
        let last_two = path.len().checked_sub(2).map(|i| (path[i].as_str(), path[i + 1].as_str()));
        if let Some((owner, "now")) = last_two
            && owner.starts_with(char::is_uppercase)
        {
            self.now_lines.push(line);
        }
        self.named.push(Named { path, line });
    }

    fn absolute(&self, up: usize, rest: &[String]) -> Vec<String> {
        let keep = self.module.len().saturating_sub(up);
        std::iter::once("crate".to_owned())
            .chain(self.module[..keep].iter().cloned())
            .chain(rest.iter().cloned())
            .collect()
    }

    fn use_tree(&mut self, tree: &syn::UseTree, before: &mut Vec<String>) {
        match tree {
            syn::UseTree::Path(p) => {
                before.push(p.ident.to_string());
                self.use_tree(&p.tree, before);
                before.pop();
            }
            syn::UseTree::Name(n) => self.leaf(before, &n.ident),
            syn::UseTree::Rename(r) => self.leaf(before, &r.ident),
            syn::UseTree::Glob(g) => {
                let line = g.star_token.spans[0].start().line;
                self.name(&before.clone(), line);
            }
            syn::UseTree::Group(g) => {
                for t in &g.items {
                    self.use_tree(t, before);
                }
            }
        }
    }

    fn leaf(&mut self, before: &[String], ident: &proc_macro2::Ident) {
        let mut path = before.to_vec();
        if ident != "self" {
            path.push(ident.to_string());
        }
        self.name(&path, ident.span().start().line);
    }

    /// Paths inside macro calls, where there is no syntax tree: `a :: b :: c` runs of tokens.
    fn tokens(&mut self, tokens: proc_macro2::TokenStream) {
        let mut run: Vec<String> = Vec::new();
        let (mut line, mut colons) = (0, 0);
        for token in tokens {
            match &token {
                proc_macro2::TokenTree::Ident(i) => {
                    if colons != 2 {
                        self.end_of_run(&mut run, line);
                    }
                    if run.is_empty() {
                        line = i.span().start().line;
                    }
                    run.push(i.to_string());
                    colons = 0;
                }
                proc_macro2::TokenTree::Punct(p) if p.as_char() == ':' && !run.is_empty() => colons += 1,
                other => {
                    self.end_of_run(&mut run, line);
                    colons = 0;
                    if let proc_macro2::TokenTree::Group(g) = other {
                        self.tokens(g.stream());
                    }
                }
            }
        }
        self.end_of_run(&mut run, line);
    }

    fn end_of_run(&mut self, run: &mut Vec<String>, line: usize) {
        if run.len() > 1 {
            self.name(&run.clone(), line);
        }
        run.clear();
    }
}

impl<'a> Visit<'a> for Reader {
    fn visit_item_mod(&mut self, m: &'a syn::ItemMod) {
        let test = is_test_only(&m.attrs);
        self.in_test += usize::from(test);
        if m.content.is_some() {
            self.module.push(m.ident.to_string());
        }
        syn::visit::visit_item_mod(self, m);
        if m.content.is_some() {
            self.module.pop();
        }
        self.in_test -= usize::from(test);
    }

    fn visit_item_fn(&mut self, f: &'a syn::ItemFn) {
        let test = is_test_only(&f.attrs);
        self.in_test += usize::from(test);
        if let Some(a) = &f.sig.asyncness
            && self.in_test == 0
        {
            self.async_lines.push(a.span.start().line);
        }
        syn::visit::visit_item_fn(self, f);
        self.in_test -= usize::from(test);
    }

    fn visit_impl_item_fn(&mut self, f: &'a syn::ImplItemFn) {
        if let Some(a) = &f.sig.asyncness
            && self.in_test == 0
        {
            self.async_lines.push(a.span.start().line);
        }
        syn::visit::visit_impl_item_fn(self, f);
    }

    fn visit_item_use(&mut self, u: &'a syn::ItemUse) {
        let test = is_test_only(&u.attrs);
        self.in_test += usize::from(test);
        self.use_tree(&u.tree, &mut Vec::new());
        self.in_test -= usize::from(test);
    }

    fn visit_path(&mut self, p: &'a syn::Path) {
        if p.segments.len() > 1 {
            let segments: Vec<String> = p.segments.iter().map(|s| s.ident.to_string()).collect();
            let line = p.segments[0].ident.span().start().line;
            self.name(&segments, line);
        }
        syn::visit::visit_path(self, p);
    }

    fn visit_macro(&mut self, m: &'a syn::Macro) {
        self.tokens(m.tokens.clone());
        syn::visit::visit_macro(self, m);
    }
}

/// Calls `judge` with every source file (path under src/, what it names) and fails with all that it said.
fn judge_all(judge: impl Fn(&str, &Reader) -> Vec<String>) {
    let mut wrong = Vec::new();
    for file in rust_files("src") {
        let under = short(&file).trim_start_matches("src/").to_owned();
        wrong.extend(judge(&under, &Reader::of(&file, &under)));
    }
    assert!(wrong.is_empty(), "\n{}\n", wrong.join("\n"));
}

fn room_of(under_src: &str) -> &str {
    under_src.split('/').next().unwrap_or_default().trim_end_matches(".rs")
}

fn forbidden_imports(under: &str, reader: &Reader) -> Vec<String> {
    let room = room_of(under);
    if room == "lib" || room == "main" {
        return Vec::new();
    }
    let Some((_, allowed)) = ROOMS.iter().find(|(r, _)| *r == room) else {
        return vec![format!("src/{under}: the room `{room}` is not in the plan (tests/tidy.rs, ROOMS)")];
    };
    let mut wrong = Vec::new();
    for n in &reader.named {
        let [first, to, ..] = n.path.as_slice() else { continue };
        if (first == "crate" || first == "kongchuo")
            && to != room
            && ROOMS.iter().any(|(r, _)| r == to)
            && !allowed.contains(&to.as_str())
        {
            wrong.push(format!("src/{under}:{}: `{room}` may not import `{to}`", n.line));
        }
    }
    wrong
}

// ---------------------------------------------------------------- the tests

#[test]
fn each_room_imports_only_the_rooms_below_it() {
    judge_all(forbidden_imports);
}

#[test]
fn the_reader_sees_imports_wherever_they_hide() {
    let check = |text: &str, expected: usize| {
        let reader = Reader::of_text(text, "domain/case.rs");
        assert_eq!(forbidden_imports("domain/case.rs", &reader).len(), expected, "{text}");
    };
    check("use crate::store::Db;", 1);
    check("use crate::{domain::Date, store::{Db, view}};", 2);
    check("use super::super::step;", 1);
    check("fn f() { crate::clock::now(z); }", 1);
    check("fn f() -> super::ids::Role { todo() }", 0);
    check("fn f() { println!(\"{}\", crate::config::load(1)); }", 1);
    check("mod inner { use super::super::super::store::Db; }", 1);
    check("type T = Vec<crate::channel::Outcome>;", 1);
    check("#[cfg(test)] mod tests { use crate::store::Db; }", 0);
}

#[test]
fn each_crate_stays_in_its_room() {
    judge_all(|under, reader| {
        let mut wrong = Vec::new();
        for n in &reader.named {
            let Some((name, places)) = CRATES.iter().find(|(c, _)| *c == n.path[0]) else { continue };
            if !places.iter().any(|p| under.starts_with(p)) {
                wrong.push(format!("src/{under}:{}: `{name}` is only for {}", n.line, places.join(", ")));
            }
        }
        wrong
    });
}

#[test]
fn only_clock_asks_for_the_time() {
    judge_all(|under, reader| {
        if under == "clock.rs" {
            return Vec::new();
        }
        reader.now_lines.iter().map(|l| format!("src/{under}:{l}: now() is only in src/clock.rs")).collect()
    });
}

#[test]
fn pure_rooms_do_no_io_and_steps_are_not_async() {
    judge_all(|under, reader| {
        let room = room_of(under);
        let mut wrong = Vec::new();
        if PURE.contains(&room) {
            for n in &reader.named {
                if n.path.len() > 1 && n.path[0] == "std" && IO.contains(&n.path[1].as_str()) {
                    wrong.push(format!("src/{under}:{}: std::{} in a pure room", n.line, n.path[1]));
                }
                if n.path[0] == "tracing" {
                    wrong.push(format!("src/{under}:{}: a pure room does not log", n.line));
                }
            }
        }
        if SYNC.contains(&room) {
            wrong.extend(
                reader.async_lines.iter().map(|l| format!("src/{under}:{l}: async outside source, channel and drive")),
            );
        }
        wrong
    });
}

/// The only files with unsafe code: none of the program's own.
const UNSAFE: &[&str] = &["tests/power/disk.rs"];

fn has_word(tokens: proc_macro2::TokenStream, word: &str) -> bool {
    tokens.into_iter().any(|t| match t {
        proc_macro2::TokenTree::Ident(i) => i == word,
        proc_macro2::TokenTree::Group(g) => has_word(g.stream(), word),
        _ => false,
    })
}

#[test]
fn unsafe_code_is_only_where_a_disk_is_made_for_sqlite() {
    let manifest = fs::read_to_string(root().join("Cargo.toml")).expect("it can be read");
    assert!(manifest.lines().any(|l| l == "unsafe_code = \"deny\""), "elsewhere the compiler denies it");
    let mut found = BTreeSet::new();
    for file in ["src", "tests", "benches"].into_iter().flat_map(rust_files) {
        let text = fs::read_to_string(&file).expect("a source file can be read");
        let tokens: proc_macro2::TokenStream = text.parse().expect("a source file parses");
        if has_word(tokens.clone(), "unsafe") || has_word(tokens, "unsafe_code") {
            found.insert(short(&file));
        }
    }
    let allowed: BTreeSet<String> = UNSAFE.iter().map(|f| (*f).to_owned()).collect();
    assert_eq!(found, allowed);
}

#[test]
fn every_file_says_what_it_owns_and_none_is_long() {
    let mut wrong = Vec::new();
    for folder in ["src", "tests", "benches"] {
        for file in rust_files(folder) {
            let text = fs::read_to_string(&file).expect("a source file can be read");
            let docs = text.lines().take_while(|l| l.starts_with("//!")).count();
            let name = short(&file);
            if docs == 0 {
                wrong.push(format!("{name}: does not open with `//!`"));
            } else if docs > 6 && name != "src/lib.rs" {
                wrong.push(format!("{name}: opens with {docs} lines of `//!` (at most six)"));
            }
            let lines = text.lines().count();
            if lines > if name == LONGER.0 { LONGER.1 } else { LINES_MAX } {
                wrong.push(format!("{name}: {lines} lines (at most {LINES_MAX}); one subject a file"));
            }
        }
    }
    assert!(wrong.is_empty(), "\n{}\n", wrong.join("\n"));
}

// ---------------------------------------------------------------- the map

/// The paths in the first code block after the heading `## The tree`; depth by two blanks, folders end with `/`.
fn map_of(text: &str) -> BTreeSet<String> {
    let mut map = BTreeSet::new();
    let mut folders: Vec<String> = Vec::new();
    let lines = text.lines().skip_while(|l| *l != "## The tree").skip_while(|l| !l.starts_with("```")).skip(1);
    for line in lines.take_while(|l| !l.starts_with("```")) {
        let depth = (line.len() - line.trim_start().len()) / 2;
        let Some(name) = line.split_whitespace().next() else { continue };
        folders.truncate(depth);
        map.insert(format!("{}{}", folders.concat(), name.trim_end_matches('/')));
        if name.ends_with('/') {
            folders.push(name.to_owned());
        }
    }
    map
}

#[test]
fn the_map_reads_as_a_tree() {
    let text =
        "## The tree\n\nwords\n\n```\nsrc/  all code\n  main.rs   args\n  domain/\n    case.rs\nREADME.md\n```\n";
    let map: Vec<String> = map_of(text).into_iter().collect();
    assert_eq!(map, ["README.md", "src", "src/domain", "src/domain/case.rs", "src/main.rs"]);
}

#[test]
fn the_map_in_architecture_md_is_the_tree() {
    let text = fs::read_to_string(root().join("ARCHITECTURE.md")).expect("ARCHITECTURE.md can be read");
    let map = map_of(&text);
    let mut wrong: Vec<String> = Vec::new();
    for path in &map {
        if !root().join(path).exists() {
            wrong.push(format!("ARCHITECTURE.md names {path}, which is not there"));
        }
    }
    // A mod.rs is its folder's.
    for file in rust_files("src") {
        let name = short(&file).trim_end_matches("/mod.rs").to_owned();
        if !map.contains(&name) {
            wrong.push(format!("ARCHITECTURE.md does not name {name}"));
        }
    }
    for folder in ["tests", "config", "systemd", "benches"] {
        for entry in fs::read_dir(root().join(folder)).into_iter().flatten().flatten() {
            let name = short(&entry.path());
            let parent_is_enough = map.contains(folder) && folder != "tests";
            if !parent_is_enough && !map.contains(&name) {
                wrong.push(format!("ARCHITECTURE.md does not name {name}"));
            }
        }
    }
    assert!(wrong.is_empty(), "\n{}\n", wrong.join("\n"));
}

// ---------------------------------------------------------------- nobody real

/// GB 11643: seventeen digits and their check character.
fn has_good_check_digit(id: &[u8]) -> bool {
    const WEIGHTS: [u32; 17] = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
    let sum: u32 = id[..17].iter().zip(WEIGHTS).map(|(d, w)| u32::from(d - b'0') * w).sum();
    b"10X98765432"[sum as usize % 11] == id[17].to_ascii_uppercase()
}

/// What in a text could be a real person's number.
fn real_looking_numbers(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    let bytes = text.as_bytes();
    let mut at = 0;
    while at < bytes.len() {
        let start = at;
        while at < bytes.len() && bytes[at].is_ascii_digit() {
            at += 1;
        }
        let (digits, mut run) = (at - start, bytes[start..at].to_vec());
        if digits == 11 && run[0] == b'1' && (b'3'..=b'9').contains(&run[1]) && !run.starts_with(b"13900") {
            found.push(format!("phone {}", String::from_utf8_lossy(&run)));
        }
        if digits == 17 && at < bytes.len() && bytes[at].eq_ignore_ascii_case(&b'X') {
            run.push(b'X');
        }
        // The area code of nobody is 999…; the standard prints two examples of its own.
        let is_example = run.starts_with(b"11010519491231002") || run.starts_with(b"440524188001010014");
        let has_date = run.len() == 18 && (&run[6..8] == b"19" || &run[6..8] == b"20");
        if has_date && !run.starts_with(b"999") && !is_example && has_good_check_digit(&run) {
            found.push(format!("id number {}", String::from_utf8_lossy(&run)));
        }
        at = at.max(start + 1);
    }
    found
}

#[test]
fn a_number_of_a_real_person_is_recognised() {
    let check = |text: &str, expected: usize| assert_eq!(real_looking_numbers(text).len(), expected, "{text}");
    check("13900000001", 0);
    check(&format!("1{}", "3812345678"), 1);
    check("999999201503070011", 0);
    check(&format!("5201{}", "0120150307001X"), usize::from(has_good_check_digit(b"52010120150307001X")));
    check("1757235600000", 0);
}

#[test]
fn nobody_real_stands_in_code_or_fixtures() {
    let mut wrong = Vec::new();
    for folder in ["src", "tests", "config", "benches", "systemd"] {
        let files = files_under(&root().join(folder), &|_| true);
        for file in files {
            let Ok(text) = fs::read_to_string(&file) else { continue };
            wrong.extend(real_looking_numbers(&text).into_iter().map(|n| format!("{}: {n}", short(&file))));
        }
    }
    assert!(wrong.is_empty(), "\n{}\n", wrong.join("\n"));
}
