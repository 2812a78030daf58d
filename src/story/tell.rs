//! From a file to what became of its story: read, stage, play, compare.

use super::Told;
use super::play::{Seen, play, strips};
use super::problem::Problem;
use super::read::{PolicyOf, read};
use super::stage::stage;
use super::tested::our_words;
use crate::config;
use crate::domain::Time;
use crate::domain::message::{Lang, story as say};
use crate::domain::policy::Policy;
use crate::drive::forms::Forms;
use crate::drive::spine::Spine;
use crate::drive::world::Broken;
use crate::store::{Db, Key};
use std::path::Path;

/// Why a story was not told.
#[derive(Debug)]
pub enum Untold {
    /// It cannot be read, or does not fit its configuration.
    Unreadable(Vec<Problem>),
    /// The program broke while playing.
    Broke(String),
}

/// Plays one story. `in_use`: the configuration for stories that name none.
pub fn tell(file: &Path, in_use: &Path, lang: Lang) -> Result<Told, Untold> {
    let unreadable = |line, message| Untold::Unreadable(vec![Problem { line, message }]);
    let text = std::fs::read_to_string(file).map_err(|e| unreadable(1, say::unreadable(lang, e)))?;
    let story = read(&text, lang).map_err(Untold::Unreadable)?;
    let folder = file.parent().unwrap_or(Path::new("."));
    let load = |of: &PolicyOf| load(of, file, &text, folder, in_use, lang);
    let staged = stage(&story, folder, lang, &load).map_err(Untold::Unreadable)?;
    let broke = |e: Broken| Untold::Broke(chain(&*e));
    let key = Key::from_hex(&"11".repeat(32)).ok_or_else(|| Untold::Broke("key".into()))?;
    let db = Db::open_in_memory(&key).map_err(|e| broke(e.into()))?;
    let spine = Spine::new(db, staged.policy.clone(), our_words());
    let differences = play(&story, &staged, spine, lang, look).map_err(broke)?;
    let strips = if differences.is_empty() { Vec::new() } else { strips(&staged, &differences) };
    Ok(Told { file: file.display().to_string(), title: story.title, differences, strips })
}

fn look(spine: &mut Spine, now: Time) -> Result<Seen, Broken> {
    let mut forms = Forms::new(&spine.db, spine.policy(), now, true)?;
    Ok(Seen {
        findings: forms.findings()?,
        letters: forms.letters()?,
        cases: forms.cases()?,
        incidents: forms.incidents()?,
        ledger: forms.ledger()?,
    })
}

fn chain(e: &(dyn std::error::Error + 'static)) -> String {
    let mut text = e.to_string();
    let mut cause = e.source();
    while let Some(c) = cause {
        text += &format!(": {c}");
        cause = c.source();
    }
    text
}

/// A configuration with problems makes the story unreadable: each stands at the line that names the configuration.
fn load(
    of: &PolicyOf,
    file: &Path,
    text: &str,
    folder: &Path,
    in_use: &Path,
    lang: Lang,
) -> Result<Policy, Vec<Problem>> {
    let (line, path, loaded) = match of {
        PolicyOf::InUse => (1, in_use.display().to_string(), config::load(in_use)),
        PolicyOf::Path { line, path } => (*line, path.clone(), config::load(&folder.join(path))),
        PolicyOf::Inline(node) => {
            let name = file.display().to_string();
            (node.line, name.clone(), config::compile_inside(text, node.line, node.column, folder, &name))
        }
    };
    loaded.map(|l| l.policy).map_err(|problems| {
        let each = problems.iter().map(|p| p.render(lang)).collect::<Vec<_>>().join("\n");
        vec![Problem { line, message: format!("{}\n{each}", say::bad_policy(lang, path)) }]
    })
}
