//! `test`: policy tests. Every story that can be read is played; exit 1 if one fails, 2 if one cannot be read.

use super::{CliError, Context, Exit};
use crate::domain::message::story as say;
use crate::story::show;
use crate::story::tell::{Untold, tell};

#[derive(clap::Args, Debug)]
pub struct Args {
    #[arg(required = true)]
    pub files: Vec<std::path::PathBuf>,
}

pub fn run(context: &Context, args: &Args) -> Result<Exit, CliError> {
    let lang = context.lang;
    let (mut passed, mut failed, mut unreadable, mut broke) = (0, 0, 0, None);
    for file in &args.files {
        match tell(file, &context.config_path(), lang) {
            Ok(told) => {
                if context.json {
                    outln!("{}", show::json(&told));
                } else {
                    print!("{}", show::text(&told, lang));
                }
                if told.passed() { passed += 1 } else { failed += 1 }
            }
            Err(Untold::Unreadable(problems)) => {
                eprint!("{}", show::problems(&file.display().to_string(), &problems, lang));
                unreadable += 1;
            }
            Err(Untold::Broke(why)) => {
                eprintln!("{}", say::at_line(lang, file.display(), 1, say::broke(lang, &why)));
                broke = Some(why);
            }
        }
    }
    if !context.json && args.files.len() > 1 {
        outln!("{}", say::summary(lang, passed, failed));
    }
    if let Some(why) = broke {
        return Err(CliError::new(Exit::Bug, say::broke(lang, why)));
    }
    if unreadable > 0 {
        return Err(CliError::usage(say::cannot_be_told(lang, unreadable)));
    }
    Ok(if failed > 0 { Exit::Found } else { Exit::Ok })
}
