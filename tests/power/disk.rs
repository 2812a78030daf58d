//! A disk in memory that SQLite writes to as a file system of its own (a VFS), and whose power can be cut: what was not
//! synced by then may be lost, kept, or kept in some of its sectors. It can also refuse one single operation. The only file
//! with `unsafe`: SQLite asks for C functions. Disks belong to the thread that made them.
#![allow(unsafe_code)]
#![allow(dead_code)]

use kongchuo::drive::township::Chance;
use kongchuo::store::Connection;
use rusqlite::ffi;
use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::ffi::{CStr, c_char, c_int, c_void};
use std::path::PathBuf;
use std::rc::Rc;
use std::sync::Once;

/// The file system's name, for `Db::open_on`.
pub const NAME: &str = "kongchuo-power";
const PAGE: usize = 4096;
/// What a disk writes wholly or not at all.
const SECTOR: usize = 512;

/// The bytes of a file, in pages that copies share until one of them writes.
#[derive(Clone, Default, PartialEq)]
pub struct Bytes {
    pages: Vec<Rc<[u8; PAGE]>>,
    len: usize,
}

impl Bytes {
    fn read(&self, at: usize, to: &mut [u8]) -> usize {
        let readable = self.len.saturating_sub(at).min(to.len());
        let mut done = 0;
        while done < readable {
            let (page, within) = ((at + done) / PAGE, (at + done) % PAGE);
            let n = (PAGE - within).min(readable - done);
            to[done..done + n].copy_from_slice(&self.pages[page][within..within + n]);
            done += n;
        }
        to[readable..].fill(0);
        readable
    }

    fn write(&mut self, at: usize, from: &[u8]) {
        self.grow(at + from.len());
        let mut done = 0;
        while done < from.len() {
            let (page, within) = ((at + done) / PAGE, (at + done) % PAGE);
            let n = (PAGE - within).min(from.len() - done);
            Rc::make_mut(&mut self.pages[page])[within..within + n].copy_from_slice(&from[done..done + n]);
            done += n;
        }
    }

    fn grow(&mut self, len: usize) {
        if len > self.len {
            self.len = len;
            self.pages.resize_with(len.div_ceil(PAGE), || Rc::new([0; PAGE]));
        }
    }

    fn truncate(&mut self, len: usize) {
        if len >= self.len {
            return self.grow(len);
        }
        self.len = len;
        self.pages.truncate(len.div_ceil(PAGE));
        if let (Some(last), true) = (self.pages.last_mut(), !len.is_multiple_of(PAGE)) {
            Rc::make_mut(last)[len % PAGE..].fill(0);
        }
    }

    /// A fingerprint (FNV over words) of the file as a database: as many pages as its header says.
    pub fn fingerprint(&self) -> u64 {
        let mut header = [0; 32];
        self.read(0, &mut header);
        let pages = u32::from_be_bytes([header[28], header[29], header[30], header[31]]) as usize;
        let mut hash = 0xcbf2_9ce4_8422_2325_u64 ^ pages as u64;
        for page in self.pages.iter().take(pages) {
            for word in page.chunks_exact(8) {
                let word = u64::from_le_bytes(word.try_into().expect("eight bytes"));
                hash = (hash ^ word).wrapping_mul(0x0100_0000_01b3).rotate_left(23);
            }
        }
        hash
    }
}

/// What lies on a disk without power.
pub type Image = BTreeMap<String, Bytes>;

/// What has been written and not been synced.
#[derive(Clone)]
enum Change {
    Write(usize, Rc<[u8]>),
    Truncate(usize),
}

#[derive(Clone, Default)]
struct File {
    bytes: Bytes,
    pending: Vec<Change>,
}

/// What becomes of the writes that were not synced when the power goes.
#[derive(Clone, Copy, Debug)]
pub enum Fate {
    Lost,
    Kept,
    /// Some sectors of them, drawn.
    Sectors,
}

/// One instant at which the power could have gone.
#[derive(Clone)]
pub struct Instant {
    /// How many commits had begun.
    pub commits: u64,
    /// The last of them had been acknowledged.
    pub acknowledged: bool,
    /// This is how the disk lies between two commits.
    pub between: bool,
    files: BTreeMap<String, File>,
    durable: Image,
}

impl Instant {
    pub fn image(&self, fate: Fate, chance: &mut Chance) -> Image {
        image(&self.files, &self.durable, fate, chance)
    }
}

fn image(files: &BTreeMap<String, File>, durable: &Image, fate: Fate, chance: &mut Chance) -> Image {
    match fate {
        Fate::Lost => durable.clone(),
        Fate::Kept => files.iter().map(|(name, f)| (name.clone(), f.bytes.clone())).collect(),
        Fate::Sectors => {
            let mut out = durable.clone();
            for (name, file) in files {
                if !durable.contains_key(name) && chance.below(2) == 0 {
                    continue;
                }
                let bytes = out.entry(name.clone()).or_default();
                for change in &file.pending {
                    match change {
                        Change::Write(at, data) => sectors(bytes, *at, data, chance),
                        Change::Truncate(len) if chance.below(2) == 0 => bytes.truncate(*len),
                        Change::Truncate(_) => {}
                    }
                }
            }
            out
        }
    }
}

fn sectors(bytes: &mut Bytes, at: usize, data: &[u8], chance: &mut Chance) {
    let mut done = 0;
    while done < data.len() {
        let n = (SECTOR - (at + done) % SECTOR).min(data.len() - done);
        if chance.below(2) == 0 {
            bytes.write(at + done, &data[done..done + n]);
        }
        done += n;
    }
}

/// One operation that fails, once.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Fault {
    /// EIO: the device says no.
    Io,
    /// ENOSPC: no room is left.
    Full,
}

#[derive(Default)]
pub struct Disk {
    files: BTreeMap<String, File>,
    durable: Image,
    /// Operations so far that change something (and, where reads may fail, those that read).
    pub operations: u64,
    /// The power goes at this operation.
    pub cut_at: Option<u64>,
    pub fault_at: Option<(u64, Fault)>,
    pub reads_count: bool,
    /// Which of the operations wrote bytes: those that a full disk refuses.
    pub writes: Vec<u64>,
    pub is_dead: bool,
    /// Every operation is written down as an instant.
    pub records: bool,
    pub instants: Vec<Instant>,
    pub commits: u64,
}

impl Disk {
    /// Powered up again on what an image holds.
    pub fn revive(&mut self, image: Image) {
        self.files =
            image.iter().map(|(name, b)| (name.clone(), File { bytes: b.clone(), pending: Vec::new() })).collect();
        self.durable = image;
        self.is_dead = false;
        self.cut_at = None;
    }

    /// The disk as it lies now.
    pub fn now(&self, acknowledged: bool, between: bool) -> Instant {
        let (files, durable) = (self.files.clone(), self.durable.clone());
        Instant { commits: self.commits, acknowledged, between, files, durable }
    }

    pub fn bytes(&self, name: &str) -> Bytes {
        self.files.get(name).map(|f| f.bytes.clone()).unwrap_or_default()
    }

    /// One more operation: is it the one that does not happen?
    fn operate(&mut self, error: c_int) -> Result<(), c_int> {
        if self.is_dead {
            return Err(error);
        }
        self.operations += 1;
        if error == ffi::SQLITE_IOERR_WRITE {
            self.writes.push(self.operations);
        }
        if self.cut_at.is_some_and(|n| n <= self.operations) {
            self.is_dead = true;
            return Err(error);
        }
        match self.fault_at {
            Some((n, fault)) if n == self.operations => {
                Err(if fault == Fault::Full { ffi::SQLITE_FULL } else { error })
            }
            _ => Ok(()),
        }
    }

    fn done(&mut self) {
        if self.records {
            let now = self.now(false, false);
            self.instants.push(now);
        }
    }

    fn create(&mut self, name: &str) -> Result<(), c_int> {
        if !self.files.contains_key(name) {
            self.operate(ffi::SQLITE_CANTOPEN)?;
            self.files.insert(name.to_owned(), File::default());
            self.done();
        }
        Ok(())
    }

    fn write(&mut self, name: &str, at: usize, data: &[u8]) -> Result<(), c_int> {
        self.operate(ffi::SQLITE_IOERR_WRITE)?;
        let file = self.files.entry(name.to_owned()).or_default();
        file.bytes.write(at, data);
        file.pending.push(Change::Write(at, data.into()));
        self.done();
        Ok(())
    }

    fn truncate(&mut self, name: &str, len: usize) -> Result<(), c_int> {
        self.operate(ffi::SQLITE_IOERR_TRUNCATE)?;
        let file = self.files.entry(name.to_owned()).or_default();
        file.bytes.truncate(len);
        file.pending.push(Change::Truncate(len));
        self.done();
        Ok(())
    }

    fn sync(&mut self, name: &str) -> Result<(), c_int> {
        self.operate(ffi::SQLITE_IOERR_FSYNC)?;
        if let Some(file) = self.files.get_mut(name) {
            file.pending.clear();
            self.durable.insert(name.to_owned(), file.bytes.clone());
        }
        self.done();
        Ok(())
    }

    /// Without a sync of the folder the name may be there again after a cut.
    fn delete(&mut self, name: &str, sync_folder: bool) -> Result<(), c_int> {
        self.operate(ffi::SQLITE_IOERR_DELETE)?;
        self.files.remove(name);
        if sync_folder {
            self.durable.remove(name);
        }
        self.done();
        Ok(())
    }
}

// ---------------------------------------------------------------- disks by number

thread_local! {
    static DISKS: RefCell<BTreeMap<u32, Disk>> = const { RefCell::new(BTreeMap::new()) };
    static NEXT: Cell<u32> = const { Cell::new(1) };
    /// Commits that began on this thread's watched connections, and the one that is refused.
    static COMMITS: Cell<u64> = const { Cell::new(0) };
    static REFUSED: Cell<Option<u64>> = const { Cell::new(None) };
    static REFUSED_ONCE: Cell<Option<u64>> = const { Cell::new(None) };
}

pub type Id = u32;

/// A disk with what an image holds.
pub fn insert(image: Image) -> Id {
    register();
    let id = NEXT.get();
    NEXT.set(id + 1);
    let mut disk = Disk::default();
    disk.revive(image);
    DISKS.with_borrow_mut(|d| d.insert(id, disk));
    id
}

/// Takes a disk out; nothing may be open on it.
pub fn remove(id: Id) {
    DISKS.with_borrow_mut(|d| d.remove(&id));
}

/// Where the database lies on a disk.
pub fn path(id: Id) -> PathBuf {
    format!("/{id}/kongchuo.db").into()
}

pub fn with<T>(id: Id, f: impl FnOnce(&mut Disk) -> T) -> T {
    DISKS.with_borrow_mut(|d| f(d.get_mut(&id).expect("the disk was inserted on this thread")))
}

/// `/7/kongchuo.db-wal` is `kongchuo.db-wal` on disk 7.
fn place(full: &str) -> Option<(Id, String)> {
    let (id, name) = full.strip_prefix('/')?.split_once('/')?;
    Some((id.parse().ok()?, name.to_owned()))
}

// ---------------------------------------------------------------- commits

/// Counts the commits of a connection from now on; with a disk, each is written down there as it begins.
pub fn watch_commits(conn: &Connection, disk: Option<Id>) {
    let argument = disk.unwrap_or(0) as usize as *mut c_void;
    // SAFETY: the handle is open, and the hook's argument is a number, not a place in memory.
    unsafe { ffi::sqlite3_commit_hook(conn.handle(), Some(commit_begins), argument) };
}

unsafe extern "C" fn commit_begins(argument: *mut c_void) -> c_int {
    let n = COMMITS.get() + 1;
    COMMITS.set(n);
    if REFUSED.get().is_some_and(|r| r <= n) || REFUSED_ONCE.get() == Some(n) {
        return 1;
    }
    let disk = argument as usize as Id;
    DISKS.with_borrow_mut(|d| {
        if let Some(disk) = d.get_mut(&disk) {
            if disk.records {
                let between = disk.now(true, true);
                disk.instants.push(between);
            }
            disk.commits += 1;
        }
    });
    0
}

/// How many commits have begun on this thread.
pub fn commits() -> u64 {
    COMMITS.get()
}

/// From the n-th commit on every one is refused, as if the process were not there any more.
pub fn refuse_from(n: Option<u64>) {
    REFUSED.set(n);
}

/// The n-th commit alone is refused: the disk stumbled.
#[allow(dead_code)]
pub fn refuse_only(n: Option<u64>) {
    REFUSED_ONCE.set(n);
}

// ---------------------------------------------------------------- the file system as SQLite calls it

#[repr(C)]
struct Handle {
    base: ffi::sqlite3_file,
    open: *mut Open,
}

struct Open {
    disk: Id,
    name: String,
    /// The write-ahead log's index: shared memory is memory, and gone with the power.
    shared: Vec<Box<[u64]>>,
}

fn register() {
    static REGISTERED: Once = Once::new();
    REGISTERED.call_once(|| {
        let name = c"kongchuo-power";
        assert_eq!(name.to_str(), Ok(NAME));
        let vfs = ffi::sqlite3_vfs {
            iVersion: 1,
            szOsFile: c_int::try_from(size_of::<Handle>()).expect("small"),
            mxPathname: 512,
            pNext: std::ptr::null_mut(),
            zName: name.as_ptr(),
            pAppData: std::ptr::null_mut(),
            xOpen: Some(x_open),
            xDelete: Some(x_delete),
            xAccess: Some(x_access),
            xFullPathname: Some(x_full_pathname),
            xDlOpen: None,
            xDlError: None,
            xDlSym: None,
            xDlClose: None,
            xRandomness: Some(x_randomness),
            xSleep: Some(x_sleep),
            xCurrentTime: Some(x_current_time),
            xGetLastError: None,
            xCurrentTimeInt64: None,
            xSetSystemCall: None,
            xGetSystemCall: None,
            xNextSystemCall: None,
        };
        // SAFETY: SQLite keeps the pointer for the life of the process, and so does the leaked box.
        let code = unsafe { ffi::sqlite3_vfs_register(Box::leak(Box::new(vfs)), 0) };
        assert_eq!(code, ffi::SQLITE_OK);
    });
}

static METHODS: ffi::sqlite3_io_methods = ffi::sqlite3_io_methods {
    iVersion: 2,
    xClose: Some(x_close),
    xRead: Some(x_read),
    xWrite: Some(x_write),
    xTruncate: Some(x_truncate),
    xSync: Some(x_sync),
    xFileSize: Some(x_file_size),
    xLock: Some(x_lock),
    xUnlock: Some(x_lock),
    xCheckReservedLock: Some(x_check_reserved_lock),
    xFileControl: Some(x_file_control),
    xSectorSize: Some(x_sector_size),
    xDeviceCharacteristics: Some(x_device_characteristics),
    xShmMap: Some(x_shm_map),
    xShmLock: Some(x_shm_lock),
    xShmBarrier: Some(x_shm_barrier),
    xShmUnmap: Some(x_shm_unmap),
    xFetch: None,
    xUnfetch: None,
};

fn code(done: Result<(), c_int>) -> c_int {
    done.err().unwrap_or(ffi::SQLITE_OK)
}

/// On a disk that is there; a file without one cannot be used.
fn on(disk: Id, f: impl FnOnce(&mut Disk) -> Result<(), c_int>) -> c_int {
    code(DISKS.with_borrow_mut(|d| d.get_mut(&disk).map_or(Err(ffi::SQLITE_IOERR), f)))
}

/// SAFETY: `file` is one that `x_open` filled and `x_close` has not yet taken back.
unsafe fn open_of<'a>(file: *mut ffi::sqlite3_file) -> &'a mut Open {
    unsafe { &mut *(*file.cast::<Handle>()).open }
}

unsafe fn text<'a>(name: *const c_char) -> Option<&'a str> {
    if name.is_null() { None } else { unsafe { CStr::from_ptr(name) }.to_str().ok() }
}

unsafe extern "C" fn x_open(
    _: *mut ffi::sqlite3_vfs,
    name: *const c_char,
    file: *mut ffi::sqlite3_file,
    flags: c_int,
    out: *mut c_int,
) -> c_int {
    let handle = file.cast::<Handle>();
    // Without methods SQLite does not close what was not opened.
    unsafe { (*handle).base.pMethods = std::ptr::null() };
    // Temporary files lie in memory (`temp_store`): none is asked for here.
    let Some((disk, name)) = unsafe { text(name) }.and_then(place) else { return ffi::SQLITE_CANTOPEN };
    let opened = on(disk, |d| match (d.files.contains_key(&name), flags & ffi::SQLITE_OPEN_CREATE != 0) {
        (true, _) => Ok(()),
        (false, true) => d.create(&name),
        (false, false) => Err(ffi::SQLITE_CANTOPEN),
    });
    if opened != ffi::SQLITE_OK {
        return opened;
    }
    unsafe {
        (*handle).open = Box::into_raw(Box::new(Open { disk, name, shared: Vec::new() }));
        (*handle).base.pMethods = &METHODS;
        if !out.is_null() {
            *out = flags;
        }
    }
    ffi::SQLITE_OK
}

unsafe extern "C" fn x_close(file: *mut ffi::sqlite3_file) -> c_int {
    drop(unsafe { Box::from_raw((*file.cast::<Handle>()).open) });
    ffi::SQLITE_OK
}

unsafe extern "C" fn x_read(file: *mut ffi::sqlite3_file, to: *mut c_void, n: c_int, at: i64) -> c_int {
    let (open, n) = (unsafe { open_of(file) }, n as usize);
    let to = unsafe { std::slice::from_raw_parts_mut(to.cast::<u8>(), n) };
    on(open.disk, |d| {
        if d.is_dead {
            return Err(ffi::SQLITE_IOERR_READ);
        }
        if d.reads_count {
            d.operate(ffi::SQLITE_IOERR_READ)?;
        }
        let read = d.files.get(&open.name).map_or(0, |f| f.bytes.read(at as usize, to));
        if read < n { Err(ffi::SQLITE_IOERR_SHORT_READ) } else { Ok(()) }
    })
}

unsafe extern "C" fn x_write(file: *mut ffi::sqlite3_file, from: *const c_void, n: c_int, at: i64) -> c_int {
    let open = unsafe { open_of(file) };
    let from = unsafe { std::slice::from_raw_parts(from.cast::<u8>(), n as usize) };
    on(open.disk, |d| d.write(&open.name, at as usize, from))
}

unsafe extern "C" fn x_truncate(file: *mut ffi::sqlite3_file, len: i64) -> c_int {
    let open = unsafe { open_of(file) };
    on(open.disk, |d| d.truncate(&open.name, len as usize))
}

unsafe extern "C" fn x_sync(file: *mut ffi::sqlite3_file, _: c_int) -> c_int {
    let open = unsafe { open_of(file) };
    on(open.disk, |d| d.sync(&open.name))
}

unsafe extern "C" fn x_file_size(file: *mut ffi::sqlite3_file, len: *mut i64) -> c_int {
    let open = unsafe { open_of(file) };
    on(open.disk, |d| {
        let bytes = d.files.get(&open.name).map_or(0, |f| f.bytes.len);
        unsafe { *len = bytes as i64 };
        Ok(())
    })
}

/// One connection at a time is on a disk: nobody to lock out.
unsafe extern "C" fn x_lock(_: *mut ffi::sqlite3_file, _: c_int) -> c_int {
    ffi::SQLITE_OK
}

unsafe extern "C" fn x_check_reserved_lock(_: *mut ffi::sqlite3_file, out: *mut c_int) -> c_int {
    unsafe { *out = 0 };
    ffi::SQLITE_OK
}

unsafe extern "C" fn x_file_control(_: *mut ffi::sqlite3_file, _: c_int, _: *mut c_void) -> c_int {
    ffi::SQLITE_NOTFOUND
}

unsafe extern "C" fn x_sector_size(_: *mut ffi::sqlite3_file) -> c_int {
    SECTOR as c_int
}

/// As SQLite takes it of every ordinary disk: a write leaves the bytes beside it alone.
unsafe extern "C" fn x_device_characteristics(_: *mut ffi::sqlite3_file) -> c_int {
    ffi::SQLITE_IOCAP_POWERSAFE_OVERWRITE
}

unsafe extern "C" fn x_shm_map(
    file: *mut ffi::sqlite3_file,
    region: c_int,
    size: c_int,
    extend: c_int,
    out: *mut *mut c_void,
) -> c_int {
    let (open, region) = (unsafe { open_of(file) }, region as usize);
    while extend != 0 && open.shared.len() <= region {
        open.shared.push(vec![0_u64; size as usize / 8].into_boxed_slice());
    }
    let place = open.shared.get_mut(region).map_or(std::ptr::null_mut(), |r| r.as_mut_ptr().cast());
    unsafe { *out = place };
    ffi::SQLITE_OK
}

unsafe extern "C" fn x_shm_lock(_: *mut ffi::sqlite3_file, _: c_int, _: c_int, _: c_int) -> c_int {
    ffi::SQLITE_OK
}

unsafe extern "C" fn x_shm_barrier(_: *mut ffi::sqlite3_file) {}

unsafe extern "C" fn x_shm_unmap(file: *mut ffi::sqlite3_file, _: c_int) -> c_int {
    unsafe { open_of(file) }.shared.clear();
    ffi::SQLITE_OK
}

unsafe extern "C" fn x_delete(_: *mut ffi::sqlite3_vfs, name: *const c_char, sync_folder: c_int) -> c_int {
    let Some((disk, name)) = unsafe { text(name) }.and_then(place) else { return ffi::SQLITE_IOERR_DELETE };
    on(disk, |d| match d.files.contains_key(&name) {
        true => d.delete(&name, sync_folder != 0),
        false => Err(ffi::SQLITE_IOERR_DELETE_NOENT),
    })
}

unsafe extern "C" fn x_access(_: *mut ffi::sqlite3_vfs, name: *const c_char, _: c_int, out: *mut c_int) -> c_int {
    let Some((disk, name)) = unsafe { text(name) }.and_then(place) else { return ffi::SQLITE_IOERR_ACCESS };
    on(disk, |d| {
        unsafe { *out = c_int::from(d.files.contains_key(&name)) };
        Ok(())
    })
}

unsafe extern "C" fn x_full_pathname(
    _: *mut ffi::sqlite3_vfs,
    name: *const c_char,
    n: c_int,
    out: *mut c_char,
) -> c_int {
    let bytes = unsafe { CStr::from_ptr(name) }.to_bytes_with_nul();
    if bytes.len() > n as usize {
        return ffi::SQLITE_CANTOPEN;
    }
    unsafe { std::ptr::copy_nonoverlapping(bytes.as_ptr().cast(), out, bytes.len()) };
    ffi::SQLITE_OK
}

/// SQLite asks its first file system for chance, not this one.
unsafe extern "C" fn x_randomness(_: *mut ffi::sqlite3_vfs, n: c_int, out: *mut c_char) -> c_int {
    unsafe { std::ptr::write_bytes(out, 0x17, n as usize) };
    n
}

unsafe extern "C" fn x_sleep(_: *mut ffi::sqlite3_vfs, microseconds: c_int) -> c_int {
    microseconds
}

unsafe extern "C" fn x_current_time(_: *mut ffi::sqlite3_vfs, out: *mut f64) -> c_int {
    // Nothing that the program stores asks SQLite for the time.
    unsafe { *out = 2_461_000.5 };
    ffi::SQLITE_OK
}
