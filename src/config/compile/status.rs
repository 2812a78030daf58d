//! Statuses and acts: the built-in tables of rules.md §1 and §2, and the township's own beside them; `of:` as weights.

use super::{Bench, id, is_id, status_ids};
use crate::config::problem::{Pos, did_you_mean, say};
use crate::config::raw;
use crate::config::read::Dict;
use crate::domain::ids::{StatusId, Word};
use crate::domain::policy::{ActWords, Status};
use crate::domain::ratio::Ratio;
use crate::domain::rule::ast::Of;
use std::collections::BTreeMap;

/// The sets of statuses that rules and own statuses may name.
pub const SETS: [&str; 5] = ["attended", "excused", "absent", "unexcused", "missing"];

type Row = (&'static str, &'static [&'static str], &'static [&'static str]);

const BUILT_IN: [Row; 9] = [
    ("present", &["出勤", "到", "已到", "正常", "√"], &["attended"]),
    ("late", &["迟到"], &["attended"]),
    ("early_leave", &["早退"], &["attended"]),
    ("official", &["公假", "公差"], &[]),
    ("sick", &["病假", "因病"], &["excused", "absent"]),
    ("personal", &["事假", "请假"], &["excused", "absent"]),
    ("truant", &["旷课", "旷", "逃学", "无故缺勤"], &["unexcused", "absent", "missing"]),
    ("unexplained", &["缺勤", "缺课", "未到", "未到校"], &["unexcused", "absent", "missing"]),
    ("not_listed", &[], &["missing"]),
];

const KINDS: [(&str, &[&str]); 7] = [
    ("call", &["电话"]),
    ("visit", &["家访"]),
    ("persuasion", &["劝返"]),
    ("urge", &["督促"]),
    ("notice", &["送达文书"]),
    ("arrival", &["到校确认"]),
    ("replied", &[]),
];
const RESULTS: [(&str, &[&str]); 4] = [
    ("reached", &["已联系"]),
    ("failed", &["未联系上", "劝返无效"]),
    ("refused", &["拒绝"]),
    ("returned", &["劝返成功"]),
];

pub fn statuses(raw: Option<&Dict<raw::Status>>, b: &mut Bench) -> Vec<Status> {
    let owned = |words: &[&str]| words.iter().map(|w| (*w).to_string()).collect();
    let mut all: Vec<Status> = BUILT_IN
        .iter()
        .map(|(id, words, sets)| Status {
            id: StatusId::new(id),
            words: owned(words),
            sets: owned(sets),
            reasons: Vec::new(),
            like: None,
        })
        .collect();
    let mut taken: Vec<(String, String)> = Vec::new();
    for (key, own) in raw.map(|d| d.0.as_slice()).unwrap_or_default() {
        if !is_id(&key.text) || SETS.contains(&key.text.as_str()) || key.text == "not_recorded" {
            b.error(key.pos, say!(bad_status_id, key.text), Some(say!(hint_id)));
            continue;
        }
        if all.iter().any(|s| s.id == key.text.as_str()) {
            b.error(key.pos, say!(status_built_in, key.text), Some(say!(hint_status_built_in)));
            continue;
        }
        if own.r#in.given && own.like.given {
            b.error(own.like.pos, say!(only_one_of, "in, like"), Some(say!(hint_only_one)));
        }
        if !own.r#in.given && !own.like.given {
            b.error(own.pos, say!(need_one_of, "in, like"), Some(say!(hint_status_sets)));
        }
        let mut sets = Vec::new();
        for set in own.r#in.get().map(|m| m.0.as_slice()).unwrap_or_default() {
            if super::known(set, &SETS, b) && !sets.contains(&set.value) {
                sets.push(set.value.clone());
            }
        }
        let mut like = None;
        if let Some(name) = own.like.get() {
            match all.iter().find(|s| s.id == name.as_str() && s.id != "not_listed") {
                Some(model) => {
                    sets.clone_from(&model.sets);
                    like = Some(model.id.clone());
                }
                None => b.error(own.like.pos, say!(unknown_word, name), did_you_mean(name, &status_ids(&all))),
            }
        }
        let mut words = |field: &crate::config::read::Opt<crate::config::read::Many<String>>, column: &str| {
            let mut out = Vec::new();
            for w in field.get().map(|m| m.0.as_slice()).unwrap_or_default() {
                let entry = (column.to_string(), crate::domain::normalise::key(&w.value));
                if taken.contains(&entry) {
                    b.error(w.pos, say!(word_twice, w.value), Some(say!(hint_word_twice)));
                    continue;
                }
                taken.push(entry);
                out.push(w.value.clone());
            }
            out
        };
        let (words, reasons) = (words(&own.words, "words"), words(&own.reasons, "reasons"));
        all.push(Status { id: StatusId::new(&key.text), words, sets, reasons, like });
    }
    all
}

pub fn acts(raw: Option<&raw::Acts>, b: &mut Bench) -> ActWords {
    let table = |rows: &[(&str, &[&str])]| -> BTreeMap<Word, Vec<String>> {
        rows.iter().map(|(id, words)| (Word::new(id), words.iter().map(|w| (*w).to_string()).collect())).collect()
    };
    let mut out = ActWords { kinds: table(&KINDS), results: table(&RESULTS) };
    let Some(raw) = raw else { return out };
    for (field, into) in [(&raw.kinds, &mut out.kinds), (&raw.results, &mut out.results)] {
        let mut taken: Vec<String> = Vec::new();
        for (key, words) in field.get().map(|d| d.0.as_slice()).unwrap_or_default() {
            let name = crate::config::read::Opt::found(key.pos, key.text.clone());
            // A built-in word may be given further words of files.
            if id(&name, &mut taken, b).is_some() {
                into.entry(Word::new(&key.text)).or_default().extend(words.0.iter().map(|w| w.value.clone()));
            }
        }
    }
    out
}

/// `of:` as weights of statuses. A set means all of its statuses, own ones too; a status means itself alone.
pub fn of(raw: &raw::OfValue, place: Pos, statuses: &[Status], b: &mut Bench) -> Option<Of> {
    let mut weights: Vec<Option<Ratio>> = vec![None; statuses.len()];
    let mut by_name: Vec<bool> = vec![false; statuses.len()];
    let mut written: Vec<String> = Vec::new();
    let mut good = true;
    let mut add = |name: &str, pos, weight: Ratio, b: &mut Bench| {
        if let Some(i) = statuses.iter().position(|s| s.id == name) {
            // What is named itself outranks the set that it is also in.
            weights[i] = Some(weight);
            by_name[i] = true;
        } else if SETS.contains(&name) {
            for (i, _) in statuses.iter().enumerate().filter(|(_, s)| s.sets.iter().any(|x| x == name)) {
                if !by_name[i] {
                    weights[i] = Some(weights[i].map_or(weight, |old| old.max(weight)));
                }
            }
        } else {
            let mut known: Vec<&str> = SETS.to_vec();
            known.extend(statuses.iter().map(|s| s.id.as_str()));
            b.error(pos, say!(unknown_status, name), did_you_mean(name, &known));
            good = false;
        }
    };
    match raw {
        raw::OfValue::List(names) => {
            for n in &names.0 {
                add(&n.value, n.pos, Ratio::ONE, b);
                written.push(n.value.clone());
            }
        }
        raw::OfValue::Weights(map) => {
            for (key, weight) in &map.0 {
                // A status of weight 0 takes itself out of a set that is named beside it; everything else of no weight
                // says nothing.
                let in_a_set = statuses.iter().find(|s| s.id == key.text.as_str()).is_some_and(|s| {
                    map.0.iter().any(|(other, w)| !w.value.0.is_zero() && s.sets.contains(&other.text))
                });
                if weight.value.0.is_zero() && !in_a_set {
                    b.warn(weight.pos, say!(weighs_nothing, key.text), Some(say!(hint_weighs_nothing)));
                }
                add(&key.text, key.pos, weight.value.0, b);
                written.push(format!("{}×{}", key.text, weight.value.0));
            }
        }
    }
    let weights: Vec<(StatusId, Ratio)> = statuses
        .iter()
        .zip(weights)
        .filter_map(|(s, w)| w.filter(|w| !w.is_zero()).map(|w| (s.id.clone(), w)))
        .collect();
    if good && weights.is_empty() {
        let pos = match raw {
            raw::OfValue::List(names) => names.0.first().map(|n| n.pos),
            raw::OfValue::Weights(map) => map.0.first().map(|(key, _)| key.pos),
        };
        b.error(pos.unwrap_or(place), say!(of_nothing), Some(say!(hint_of)));
        return None;
    }
    good.then(|| Of { written: written.join("+"), weights })
}
