//! `run`: the daemon; `run --once`: one round of everything that is due. Opens the parts and says who holds the lock.

use super::{CliError, Context, Exit, open};
use crate::config::{self, Loaded, secrets};
use crate::domain::message::{Lang, run as words};
use crate::domain::policy::Secret;
use crate::drive::daemon::{self, Local, Parts};
use crate::drive::lock::What;

#[derive(clap::Args, Debug)]
pub struct Args {
    /// One round of everything that is due, then exit.
    #[arg(long)]
    pub once: bool,
}

pub fn run(context: &Context, args: &Args) -> Result<Exit, CliError> {
    let lang = context.lang;
    log_to_stderr(context.json);
    let path = context.config_path();
    let policy = open::policy_at(&path, lang)?;
    let lock = open::take_lock(&policy, if args.once { What::Command } else { What::Run }, lang)?;
    let db = open::writing(&policy, lang)?;
    let of_township = policy.township.lang;
    let parts = Parts {
        lock,
        policy,
        work: Local::new(db),
        reload: Box::new(move || match config::load(&path) {
            Ok(Loaded { policy, .. }) => Ok(policy),
            Err(problems) => Err(open::summary(&problems, of_township)),
        }),
        secret: Box::new(move |secret: &Secret| secrets::read(secret).map_err(|e| e.message(of_township))),
    };
    if args.once {
        let done = daemon::once(parts).map_err(|e| died(e, lang))?;
        say(context, &done);
        return Ok(if done.refused > 0 { Exit::Found } else { Exit::Ok });
    }
    daemon::run(parts).map(|()| Exit::Ok).map_err(|e| died(e, lang))
}

fn died(e: daemon::DaemonError, lang: Lang) -> CliError {
    CliError::environment(words::daemon_died(lang)).because(e).hint(words::daemon_died_hint(lang))
}

fn say(context: &Context, done: &daemon::Done) {
    if context.json {
        let line = serde_json::json!({
            "read": done.read, "refused": done.refused, "accepted": done.accepted, "failed": done.failed,
        });
        outln!("{line}");
    } else {
        outln!("{}", words::round_done(context.lang, done.read, done.refused, done.accepted, done.failed));
    }
}

/// Our own lines only: what libraries log may hold addresses. `KONGCHUO_LOG` sets another level.
fn log_to_stderr(json: bool) {
    let level = std::env::var("KONGCHUO_LOG").unwrap_or_else(|_| "info".into());
    let filter = tracing_subscriber::EnvFilter::try_new(format!("off,kongchuo={level}"))
        .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new("off,kongchuo=info"));
    let log = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).with_target(false);
    // The journal writes down the time itself and shows no colours.
    let journal = std::env::var_os("JOURNAL_STREAM").is_some();
    let _ = match (json, journal) {
        (true, _) => log.json().try_init(),
        (false, true) => log.without_time().with_ansi(false).try_init(),
        (false, false) => log.with_ansi(std::io::IsTerminal::is_terminal(&std::io::stderr())).try_init(),
    };
}
