//! The term of the demo in virtual time: each export is written into its school's inbox and taken in from there, and each
//! letter is written into its channel's folder. The steps are the daemon's; only the clock is not.

use super::{Tale, tale};
use crate::channel::Opening;
use crate::channel::folder::Folder;
use crate::config;
use crate::domain::ids::{ChannelId, LetterId, SourceId};
use crate::domain::letter::{Dispatch, Outcome};
use crate::domain::message::Lang;
use crate::domain::policy::{ChannelKind, Policy, SourceKind};
use crate::domain::{Date, Time};
use crate::drive::inbox;
use crate::drive::spine::Spine;
use crate::drive::township::{Township, term};
use crate::drive::world::{Broken, Command, Delivery, Happening, Steps, World};
use crate::source::directory::Directory;
use crate::store::{Db, Key};
use std::collections::BTreeMap;
use std::fs::File;
use std::io::Write;
use std::path::Path;

/// A term that was played.
pub struct Played {
    pub policy: Policy,
    pub tale: Tale,
}

/// Plays the whole term; `progress` is told each day that is over.
pub fn play(root: &Path, township: &Township, lang: Lang, progress: &mut dyn FnMut(Date)) -> Result<Played, Broken> {
    let policy = config::load(root)
        .map_err(|problems| problems.iter().map(|p| p.render(lang)).collect::<Vec<_>>().join("\n"))?
        .policy;
    let key = config::secrets::read(&policy.seal).map_err(|e| e.message(lang))?;
    let key = Key::from_hex(secrecy::ExposeSecret::expose_secret(&key).trim()).ok_or("the key is not 64 hex digits")?;
    let db = Db::open(&policy.data_dir.join("kongchuo.db"), &key)?;

    let (first, last) = term();
    let script = township
        .exports
        .iter()
        .map(|e| {
            let delivery = Delivery {
                source: SourceId::from(e.source.as_str()),
                file_name: e.file_name.clone(),
                in_our_words: false,
                confirm: false,
                bytes: e.bytes.clone(),
                modified: e.at,
            };
            (e.at, Happening::Delivery(delivery))
        })
        .collect();
    let start = first.pred_opt().unwrap_or(first).and_time(chrono::NaiveTime::MIN);
    let mut world = World::new(Folders::new(db, &policy), start, script);
    for day in start.date().iter_days().take_while(|d| *d <= last) {
        world.play(day.and_time(chrono::NaiveTime::MIN) + chrono::TimeDelta::days(1))?;
        progress(day);
    }
    let tale = tale(&world.steps.spine.db, &policy)?;
    world.steps.spine.db.checkpoint()?;
    Ok(Played { policy, tale })
}

/// The real steps between real folders.
struct Folders {
    spine: Spine,
    inboxes: BTreeMap<SourceId, Directory>,
    letters: BTreeMap<ChannelId, Folder>,
}

impl Folders {
    fn new(db: Db, policy: &Policy) -> Self {
        let no_secret = |_: &crate::domain::policy::Secret| Err(String::new());
        let opening = Opening {
            zone: policy.township.zone,
            lang: policy.township.lang,
            tick: crate::clock::tick,
            secret: &no_secret,
        };
        // One folder a channel, whatever its kind: nothing leaves the machine.
        let below = policy.base_dir.join("letters");
        let letters = policy.channels.iter().map(|c| match &c.kind {
            ChannelKind::Folder { path } => (c.id.clone(), Folder::open(path, opening)),
            _ => (c.id.clone(), Folder::open(&below.join(c.id.as_str()), opening)),
        });
        // Nothing here is in our own words: every source reads as it is configured.
        let reader = policy.sources[0].reader.clone();
        let spine = Spine::new(db, policy.clone(), reader);
        let inboxes = policy.sources.iter().map(|s| (s.id.clone(), inbox::directory(policy, s)));
        Folders { letters: letters.collect(), inboxes: inboxes.collect(), spine }
    }
}

impl Steps for Folders {
    fn receive(&mut self, now: Time, d: &Delivery) -> Result<Option<String>, Broken> {
        let policy = self.spine.policy().clone();
        let source = policy.source(&d.source).ok_or("a source of the township")?;
        let SourceKind::Directory { path, .. } = &source.kind;
        let mut file = File::create(path.join(&d.file_name))?;
        file.write_all(&d.bytes)?;
        let modified = chrono::TimeZone::from_local_datetime(&policy.township.zone, &d.modified).earliest();
        file.set_modified(modified.ok_or("an instant of the township")?.into())?;
        drop(file);
        let directory = self.inboxes.get_mut(&d.source).ok_or("an inbox of the township")?;
        inbox::take_all(&mut self.spine.db, &policy, source, directory, now, true)?;
        Ok(None)
    }

    /// Whatever a gateway would have accepted lies in the channel's folder.
    fn settle(&mut self, now: Time, dispatch: &Dispatch, outcome: Outcome) -> Result<(), Broken> {
        let outcome = match (outcome, self.letters.get(&dispatch.channel)) {
            (Outcome::Accepted(_), Some(folder)) => folder.put(dispatch),
            (outcome, _) => outcome,
        };
        self.spine.settle(now, dispatch, outcome)
    }

    fn awake(&mut self, now: Time) -> Result<(), Broken> {
        self.spine.awake(now)
    }
    fn reload(&mut self, now: Time, policy: Result<Box<Policy>, String>) -> Result<(), Broken> {
        self.spine.reload(now, policy)
    }
    fn restart(&mut self, now: Time) -> Result<(), Broken> {
        self.spine.restart(now)
    }
    fn obey(&mut self, now: Time, command: &Command) -> Result<Option<String>, Broken> {
        self.spine.obey(now, command)
    }
    fn decide(&mut self, now: Time) -> Result<Option<Time>, Broken> {
        self.spine.decide(now)
    }
    fn claim(&mut self, now: Time) -> Result<Vec<Dispatch>, Broken> {
        self.spine.claim(now)
    }
    fn receipt(&mut self, now: Time, letter: LetterId, delivered: bool) -> Result<(), Broken> {
        self.spine.receipt(now, letter, delivered)
    }
    fn next(&mut self, now: Time) -> Result<Option<Time>, Broken> {
        self.spine.next(now)
    }
    fn gives_receipts(&self, channel: &ChannelId) -> bool {
        self.spine.gives_receipts(channel)
    }
}
