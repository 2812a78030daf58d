//! kongchuo (控辍): absence becomes finding, finding becomes case, case climbs a ladder, somebody is told.
//!
//! ```text
//!  source ─▶ decode ─▶ normalise ─▶ store ─▶ rule ─▶ casework, climbing ─▶ store ─▶ compose ─▶ channel ─▶ settle
//!  bytes     Record    Observation          Finding   Event, Notice                 Letter     Outcome
//! ```
//!
//! # Words
//!
//! | word | 中文 | meaning |
//! |---|---|---|
//! | Source | 来源 | where a school's exports come from |
//! | Delivery | 报送 | one file as it arrived, with its stamp (`stated_at`, arrival number) |
//! | Record, Observation | 行, 记录 | an untrusted row; what a good one states of a pupil, date and slot |
//! | Coverage | 覆盖 | that a class was recorded on a date at all; without it nobody is absent |
//! | Finding | 认定 | what a rule says of a pupil, a class or a school, with its evidence |
//! | Case | 个案 (一生一案) | what follows for one child, in an append-only ledger (台账) |
//! | Ladder, Climb, Rung | 流程, 逐级, 步骤 | who is told when; one case on one ladder; one step of it |
//! | Notice | 应告知 | an obligation: this recipient must be told this |
//! | Letter, Outcome | 信, 结果 | one dispatch by one channel; what became of it |
//! | Paper, Draft | 文书, 草稿 | a document that a rung attaches, numbered; a person signs it and serves it |
//! | Incident | 异常 | something is wrong with the machinery; open exactly while it holds |
//!
//! # Invariants, and the test that proves each
//!
//! 1. A delivery is wholly applied or not at all, with its marks in the same transaction:
//!    `intake::an_error_in_the_middle_leaves_nothing_and_the_file_is_taken_later`.
//! 2. Findings are a pure function of deliveries with their stamps, register, decisions, calendar and rules:
//!    `differential::the_order_of_evidence_changes_nothing`,
//!    `intake::the_order_in_which_stamped_deliveries_arrive_changes_nothing`, and the simulation.
//! 3. A step run twice at the same instant changes nothing: the simulation
//!    (`whatever_goes_wrong_on_the_way_the_invariants_hold_and_the_findings_are_the_same`).
//! 4. Restarting at any step gives the same timeline: the simulation; stories `restart-changes-nothing`, `death-before-*`;
//!    `power::a_township_whose_power_fails_again_and_again_finds_and_tells_the_same`.
//! 5. At least once, and repeats only where marked: `kill::a_daemon_that_is_killed_again_and_again_loses_nobody`,
//!    `power::whenever_the_power_goes_every_acknowledged_transaction_is_there_afterwards`, and the simulated school years
//!    (`in_whole_school_years_nobody_is_lost_and_nobody_is_told_of_wrongly`).
//! 6. No letter to a guardian in quiet hours, none for a closed case: the simulation; stories `quiet-hours*`, `pointless-*`.
//! 7. `fold(case_event) == case`: the simulation.
//! 8. A source silent past its deadline yields exactly one incident: the simulation; story `export-overdue`.
//! 9. Nobody is called absent for a day without coverage: the simulation; `differential::two_evaluators_find_the_same`.
//! 10. Nothing personal in a log line or anywhere on disk outside sealed fields and the files that users asked for:
//!     `daemon::nothing_that_names_a_child_is_in_the_log_or_the_data_folder`,
//!     `intake::nothing_personal_lies_open_in_the_database_file`.
//! 11. The same days replayed on a copy come to what they came to, letter by letter and event by event:
//!     `replay::the_same_days_replayed_come_to_what_the_first_playing_came_to`.
//!
//! # Where do I add …?
//!
//! * a channel: its kind in `domain::policy::ChannelKind`, its keys in `config::raw` and `config::compile::channel`, the
//!   sending in a file of `channel` that returns an `Outcome`, a live test under `tests/live`;
//! * an export layout: `decode::layout` names it, `decode::row` reads it, a made-up file and its reading in `tests/decode.rs`;
//! * a paper: its word in `domain::paper`, its words in `domain::message::papers`, its sheet in `document`, a golden text;
//! * a condition of rules: `domain::rule::ast::Cond`, `config::compile::condition`, its meaning in
//!   `domain::rule::condition`, the same once more and simply in `tests/differential/plain.rs`; its words in
//!   `domain::message::manual::sections` and an example under `tests/policy/reference`, without which a test fails, and in
//!   `domain::rule::phrase` with an example in `tests/explain.rs`;
//! * a command: a file of `cli`; if it changes something, a `step::command::Request` with its refusal sentences;
//! * a sentence that people read: `domain::message`, in both languages; a story under `tests/policy` for what it promises.

pub mod channel;
pub mod cli;
pub mod clock;
pub mod config;
pub mod decode;
pub mod document;
pub mod domain;
pub mod drive;
pub mod source;
pub mod step;
pub mod store;
pub mod story;
