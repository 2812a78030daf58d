//! The real binary on a township that `init` wrote: what the commands print, refuse and change. Everything hangs on today:
//! the calendar of these townships has a lesson on every day around it.

mod audit;
mod backup;
mod cases;
mod papers;
mod reading;
mod simulate;
mod stories;
mod town;
mod wrongs;
