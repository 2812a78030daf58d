//! `incidents`: what is wrong now; exits 1 while something is.

use super::shown::{Shown, short};
use super::table::{Table, red};
use super::town::Town;
use super::{CliError, Context, Exit};
use crate::domain::ids::PupilId;
use crate::domain::message::shell as say;
use crate::domain::words::incident_words;
use crate::store::incidents;

#[derive(clap::Args, Debug)]
pub struct Args {
    /// Closed ones too.
    #[arg(long)]
    pub all: bool,
}

pub fn run(context: &Context, args: &Args) -> Result<Exit, CliError> {
    let lang = context.lang;
    let town = Town::open_to_read(context)?;
    let db = town.reader()?;
    let found = incidents::list(db.conn(), args.all).map_err(|e| town.broken(e))?;
    if found.iter().any(|i| PupilId::parse(&i.subject).is_some()) {
        town.log_read(context, "incidents", None)?;
    }
    let mut shown = Shown::new(context, &town, &db)?;
    let mut table = Table::new([
        say::col_incident(lang),
        say::col_kind(lang),
        say::col_subject(lang),
        say::col_opened(lang),
        say::col_closed(lang),
        say::col_what(lang),
    ]);
    for incident in &found {
        let line = shown.incident(incident)?;
        if context.json {
            outln!("{line}");
            continue;
        }
        let mut subject = line["subject"].as_str().unwrap_or_default().to_owned();
        let (title, _) = incident_words(lang, &incident.kind, &subject, &incident.body.detail);
        if let Some(pupil) = PupilId::parse(&incident.subject) {
            subject = shown.pupil_line(pupil)?;
        }
        let closed = incident.closed.map_or_else(|| red(&say::still_open(lang), context.colour), short);
        table.row([incident.id.to_string(), incident.kind.clone(), subject, short(incident.opened), closed, title]);
    }
    if !context.json {
        if table.is_empty() {
            outln!("{}", say::nothing_found(lang));
        } else {
            out!("{}", table.render(context.colour));
        }
    }
    Ok(if found.iter().any(|i| i.closed.is_none()) { Exit::Found } else { Exit::Ok })
}
