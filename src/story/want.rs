//! What a story wants to have happened: sections of entries, each a pattern whose left-out keys are not compared.

use super::problem::Eye;
use super::yaml::Node;
use crate::domain::Time;
use crate::domain::message::story as say;

/// The sections that can be wanted; a section that is not named is not looked at.
#[derive(Clone, Debug, Default)]
pub struct Want {
    pub line: u32,
    pub findings: Option<Vec<Node>>,
    pub letters: Option<Vec<Node>>,
    /// Narrows the letters looked at.
    pub letters_of: Option<Node>,
    pub cases: Option<Vec<Node>>,
    pub incidents: Option<Vec<Node>>,
    pub ledger: Option<Vec<Node>>,
    /// Narrows the ledger looked at.
    pub ledger_of: Option<Node>,
    pub refused: Option<Vec<Node>>,
    pub checkpoints: Vec<(Time, Want)>,
}

const FINDING: [&str; 9] = ["rule", "pupil", "class", "school", "fired_on", "last_on", "open", "measure", "evidence"];
const LETTER: [&str; 19] = [
    "at",
    "to",
    "name",
    "address",
    "pupil",
    "pupils",
    "channel",
    "rung",
    "rungs",
    "has",
    "has_not",
    "state",
    "subject",
    "text",
    "attempts",
    "possible_repeat",
    "ladder",
    "letter",
    "documents",
];
const LETTERS_OF: [&str; 5] = ["to", "ladder", "pupil", "channel", "rung"];
const CASE: [&str; 14] = [
    "case",
    "pupil",
    "state",
    "level",
    "opened",
    "closed",
    "climbs",
    "marks",
    "held",
    "relapse_of",
    "reason",
    "number",
    "kind",
    "documents",
];
const INCIDENT: [&str; 6] = ["incident", "kind", "subject", "pupil", "opened", "closed"];
const REFUSED: [&str; 2] = ["at", "has"];

impl Want {
    /// Checkpoints stand at the top only.
    pub fn read(eye: &mut Eye, node: &Node, top: bool) -> Want {
        let mut known =
            vec!["findings", "letters", "letters_of", "cases", "incidents", "ledger", "ledger_of", "refused"];
        known.push(if top { "checkpoints" } else { "at" });
        let map = eye.map("want", node);
        eye.keys(map, &known);
        let mut want = Want {
            line: node.line,
            findings: section(eye, node, "findings", &FINDING),
            letters: section(eye, node, "letters", &LETTER),
            letters_of: node.get("letters_of").cloned(),
            cases: section(eye, node, "cases", &CASE),
            incidents: section(eye, node, "incidents", &INCIDENT),
            ledger: section(eye, node, "ledger", &[]),
            ledger_of: node.get("ledger_of").cloned(),
            refused: section(eye, node, "refused", &REFUSED),
            checkpoints: Vec::new(),
        };
        if let Some(of) = &want.letters_of {
            let map = eye.map("letters_of", of);
            eye.keys(map, &LETTERS_OF);
        }
        if top {
            for node in node.get("checkpoints").map(|n| eye.list("checkpoints", n)).unwrap_or_default() {
                let Some(at) = node.get("at") else {
                    eye.problem(node.line, say::missing(eye.lang, "at"));
                    continue;
                };
                let at = eye.time("at", at);
                let here = Want::read(eye, node, false);
                want.checkpoints.extend(at.map(|at| (at, here)));
            }
        }
        want
    }

    /// Every pupil named, with the line.
    pub fn pupils(&self) -> Vec<(u32, String)> {
        let sections = [&self.findings, &self.letters, &self.cases, &self.ledger];
        let mut named = Vec::new();
        for entry in sections.into_iter().flatten().flatten().chain(&self.letters_of).chain(&self.ledger_of) {
            for node in [entry.get("pupil"), entry.get("pupils")].into_iter().flatten() {
                named.extend(node.text().map(|no| (node.line, no.to_owned())));
                named.extend(
                    node.list().unwrap_or_default().iter().filter_map(|n| Some((n.line, n.text()?.to_owned()))),
                );
            }
        }
        for (_, want) in &self.checkpoints {
            named.extend(want.pupils());
        }
        named
    }
}

/// Instants are checked where they stand, so that a slip is a problem with a line and not a failing test.
fn section(eye: &mut Eye, node: &Node, name: &str, known: &[&str]) -> Option<Vec<Node>> {
    let node = node.get(name)?;
    let entries = eye.list(name, node);
    for entry in entries {
        let map = eye.map(name, entry);
        if !known.is_empty() {
            eye.keys(map, known);
        }
        for (key, value) in map {
            match key.name.as_str() {
                "at" | "opened" | "closed" if !value.is_null() => {
                    eye.time(&key.name, value);
                }
                "fired_on" | "last_on" => {
                    eye.date(&key.name, value);
                }
                _ => {}
            }
        }
    }
    Some(entries.to_vec())
}
