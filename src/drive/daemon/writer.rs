//! The writer's thread: it alone owns the database; everybody else hands it a piece of work and waits for the result.
//! A panic on it ends it, and with it the daemon.

use std::sync::mpsc;
use tokio::sync::oneshot;

type Job<W> = Box<dyn FnOnce(&mut W) + Send>;

pub struct Writer<W> {
    jobs: mpsc::Sender<Job<W>>,
}

impl<W> Clone for Writer<W> {
    fn clone(&self) -> Self {
        Writer { jobs: self.jobs.clone() }
    }
}

/// The writer's thread is gone: it panicked.
#[derive(Debug, thiserror::Error)]
#[error("the writer's thread has ended")]
pub struct WriterGone;

impl<W: Send + 'static> Writer<W> {
    /// Starts the thread. It ends when the last `Writer` is dropped.
    pub fn start(mut work: W) -> std::io::Result<(Self, std::thread::JoinHandle<()>)> {
        let (jobs, queue) = mpsc::channel::<Job<W>>();
        let thread = std::thread::Builder::new().name("writer".into()).spawn(move || {
            for job in queue {
                job(&mut work);
            }
        })?;
        Ok((Writer { jobs }, thread))
    }

    /// Runs a piece of work on the thread, after those handed in before.
    pub async fn call<T: Send + 'static>(&self, f: impl FnOnce(&mut W) -> T + Send + 'static) -> Result<T, WriterGone> {
        let (done, result) = oneshot::channel();
        let job: Job<W> = Box::new(move |work| {
            // Whoever asked may have been stopped meanwhile; the work is done all the same.
            let _ = done.send(f(work));
        });
        self.jobs.send(job).map_err(|_| WriterGone)?;
        result.await.map_err(|_| WriterGone)
    }
}
