-- The whole schema. Sealed columns (named sealed…) hold AES-256-GCM texts that only the vault opens; digests are keyed
-- (HMAC-SHA256), so that a stolen file cannot be searched for a number.
-- Times are INTEGER milliseconds of the township's wall clock since 1970-01-01 00:00 (`…_at`); dates are INTEGER days
-- since 1970-01-01 (`date`, `…_on`, `from_date`, `to_date`). Ids of schools, classes, slots and statuses are the
-- configuration's own words.

-- ============================================================ SECTION 1: evidence (written by intake and people)

CREATE TABLE meta (
    key   TEXT PRIMARY KEY,
    value BLOB NOT NULL
) STRICT, WITHOUT ROWID;

-- ------------------------------------------------------------ the vault

-- A pupil: the id is the reference (P-000123) that everything else knows. sealed_card: numbers, name, household.
CREATE TABLE pupil (
    id            INTEGER PRIMARY KEY AUTOINCREMENT,
    sealed_card   BLOB NOT NULL,
    -- The stamp of the register row that the card and the contacts come from.
    card_stated_at INTEGER NOT NULL,
    card_delivery  INTEGER NOT NULL
) STRICT;

-- Keyed look-ups. A student number or an id number names one pupil; a name may name many.
CREATE TABLE pupil_lookup (
    kind   TEXT NOT NULL CHECK (kind IN ('student_no', 'id_number', 'name')),
    digest BLOB NOT NULL CHECK (length(digest) = 32),
    pupil  INTEGER NOT NULL REFERENCES pupil (id) ON DELETE CASCADE,
    PRIMARY KEY (kind, digest, pupil)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX pupil_number ON pupil_lookup (kind, digest) WHERE kind <> 'name';
CREATE INDEX pupil_lookup_of ON pupil_lookup (pupil);

CREATE TABLE contact (
    pupil        INTEGER NOT NULL REFERENCES pupil (id) ON DELETE CASCADE,
    position     INTEGER NOT NULL,
    is_carer     INTEGER NOT NULL CHECK (is_carer IN (0, 1)),
    sealed       BLOB NOT NULL,
    phone_digest BLOB CHECK (length(phone_digest) = 32),
    email_digest BLOB CHECK (length(email_digest) = 32),
    PRIMARY KEY (pupil, position)
) STRICT, WITHOUT ROWID;
CREATE INDEX contact_phone ON contact (phone_digest) WHERE phone_digest IS NOT NULL;
CREATE INDEX contact_email ON contact (email_digest) WHERE email_digest IS NOT NULL;

-- Who looked at personal data with --identify, and at whom (NULL: at a list).
CREATE TABLE read_log (
    id      INTEGER PRIMARY KEY AUTOINCREMENT,
    at      INTEGER NOT NULL,
    user_id TEXT NOT NULL,
    command TEXT NOT NULL,
    pupil   INTEGER
) STRICT;

-- ------------------------------------------------------------ deliveries

-- A statement of a source: the id is its arrival number; the stamp (stated_at, id) never changes once the file was read.
CREATE TABLE delivery (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    source      TEXT NOT NULL,
    content     TEXT NOT NULL CHECK (content IN ('attendance', 'register', 'feedback', 'leave')),
    sealed_name BLOB NOT NULL,
    -- Of the bytes, and of the file's name: "the same bytes", "found again".
    digest      BLOB NOT NULL CHECK (length(digest) = 32),
    name_digest BLOB NOT NULL CHECK (length(name_digest) = 32),
    size        INTEGER NOT NULL,
    arrived_at  INTEGER NOT NULL,
    stated_at   INTEGER NOT NULL,
    -- pending: seen, not read yet. set_aside: it took the process down twice.
    state       TEXT NOT NULL CHECK (state IN ('pending', 'applied', 'held', 'rejected', 'set_aside')),
    -- Readings begun, and whether one has begun and not ended.
    attempts    INTEGER NOT NULL DEFAULT 0,
    reading     INTEGER NOT NULL DEFAULT 0 CHECK (reading IN (0, 1)),
    settled_at  INTEGER,
    -- The file lies where it was found and is to be moved (after a crash it is found again).
    to_move     INTEGER NOT NULL DEFAULT 0 CHECK (to_move IN (0, 1)),
    coverage    TEXT NOT NULL CHECK (coverage IN ('full', 'exceptions')),
    replaces    TEXT NOT NULL CHECK (replaces IN ('rows', 'day')),
    -- JSON lists, as the source said when the delivery was read.
    classes     TEXT NOT NULL DEFAULT '[]',
    slots       TEXT NOT NULL DEFAULT '[]',
    rows        INTEGER NOT NULL DEFAULT 0,
    faults      INTEGER NOT NULL DEFAULT 0,
    unknown     INTEGER NOT NULL DEFAULT 0,
    -- Why it is held (JSON), free of personal data.
    odd         TEXT,
    -- Who confirmed it (sealed), when it was held.
    sealed_by   BLOB
) STRICT;
CREATE INDEX delivery_source ON delivery (source, id);
CREATE INDEX delivery_unread ON delivery (id) WHERE state = 'pending';
CREATE INDEX delivery_register ON delivery (stated_at) WHERE content = 'register';

-- The dates that an applied delivery has data of, by school ('' for none). stated: an exceptions list states the date.
CREATE TABLE delivery_date (
    delivery INTEGER NOT NULL REFERENCES delivery (id),
    school   TEXT NOT NULL,
    date     INTEGER NOT NULL,
    stated   INTEGER NOT NULL CHECK (stated IN (0, 1)),
    rows     INTEGER NOT NULL,
    PRIMARY KEY (delivery, school, date)
) STRICT, WITHOUT ROWID;
CREATE INDEX delivery_date_school ON delivery_date (school, date);

-- What was wrong with rows and files, in the words of FaultKind; never a name or a number of a person.
CREATE TABLE fault (
    delivery    INTEGER NOT NULL REFERENCES delivery (id),
    no          INTEGER NOT NULL,
    kind        TEXT NOT NULL,
    sheet       TEXT,
    row         INTEGER NOT NULL,
    column_name TEXT,
    value       TEXT,
    PRIMARY KEY (delivery, no)
) STRICT, WITHOUT ROWID;

-- Rows that name nobody (or more than one) yet: kept whole, resolved when the register brings the pupil.
CREATE TABLE pending_row (
    id       INTEGER PRIMARY KEY AUTOINCREMENT,
    delivery INTEGER NOT NULL REFERENCES delivery (id),
    row_no   INTEGER NOT NULL,
    source   TEXT NOT NULL,
    school   TEXT NOT NULL,
    date     INTEGER,
    sealed   BLOB NOT NULL,
    UNIQUE (delivery, row_no)
) STRICT;
CREATE INDEX pending_source ON pending_row (source, date);

-- ------------------------------------------------------------ statements

-- Presences: the pupils (ascending, as varints of differences) whom a delivery lists as present for a school, date, slot.
CREATE TABLE sheet (
    school   TEXT NOT NULL,
    date     INTEGER NOT NULL,
    slot     TEXT NOT NULL,
    delivery INTEGER NOT NULL REFERENCES delivery (id),
    present  BLOB NOT NULL,
    PRIMARY KEY (school, date, slot, delivery)
) STRICT, WITHOUT ROWID;

-- Explicit statements: everything but a plain presence.
CREATE TABLE attendance_row (
    pupil         INTEGER NOT NULL REFERENCES pupil (id),
    date          INTEGER NOT NULL,
    delivery      INTEGER NOT NULL REFERENCES delivery (id),
    row_no        INTEGER NOT NULL,
    school        TEXT NOT NULL,
    slot          TEXT NOT NULL,
    status        TEXT NOT NULL,
    leave_until   INTEGER,
    sealed_reason BLOB,
    PRIMARY KEY (pupil, date, delivery, row_no)
) STRICT, WITHOUT ROWID;
CREATE INDEX attendance_school ON attendance_row (school, date);

-- What a register row says, each text once; the listings point to it.
CREATE TABLE register_text (
    id           INTEGER PRIMARY KEY,
    digest       BLOB NOT NULL UNIQUE CHECK (length(digest) = 32),
    school       TEXT NOT NULL,
    class        TEXT,
    grade        INTEGER,
    standing     TEXT NOT NULL,
    status_until INTEGER,
    status_basis INTEGER NOT NULL CHECK (status_basis IN (0, 1)),
    enrolled_on  INTEGER,
    left_on      INTEGER,
    boarding     INTEGER CHECK (boarding IN (0, 1)),
    sex          TEXT,
    birth_date   INTEGER,
    groups       TEXT NOT NULL
) STRICT;
CREATE INDEX register_text_school ON register_text (school);

CREATE TABLE register_row (
    pupil    INTEGER NOT NULL REFERENCES pupil (id),
    delivery INTEGER NOT NULL REFERENCES delivery (id),
    row_no   INTEGER NOT NULL,
    text     INTEGER NOT NULL REFERENCES register_text (id),
    -- By stamp it says what the pupil's row before it did not say, or not as early. The others repeat.
    is_news  INTEGER NOT NULL CHECK (is_news IN (0, 1)),
    PRIMARY KEY (pupil, delivery, row_no)
) STRICT, WITHOUT ROWID;
CREATE INDEX register_news ON register_row (pupil, delivery, row_no, text) WHERE is_news = 1;
CREATE INDEX register_news_text ON register_row (text) WHERE is_news = 1;

-- What was last seen of pupils whose exemption ends: looked at anew when they are evaluated, and on every day.
CREATE TABLE exemption_seen (
    pupil    INTEGER PRIMARY KEY REFERENCES pupil (id) ON DELETE CASCADE,
    date     INTEGER NOT NULL,
    -- The end that the register says, whether it has the pupil here, the latest day attended.
    ends     INTEGER,
    is_here  INTEGER NOT NULL CHECK (is_here IN (0, 1)),
    attended INTEGER
) STRICT;

CREATE TABLE leave_row (
    pupil         INTEGER NOT NULL REFERENCES pupil (id),
    delivery      INTEGER NOT NULL REFERENCES delivery (id),
    row_no        INTEGER NOT NULL,
    from_date     INTEGER NOT NULL,
    to_date       INTEGER NOT NULL,
    status        TEXT NOT NULL,
    sealed_reason BLOB,
    PRIMARY KEY (pupil, delivery, row_no)
) STRICT, WITHOUT ROWID;
CREATE INDEX leave_until ON leave_row (to_date);

-- A person's decision; never changed, only withdrawn.
CREATE TABLE decision (
    id           INTEGER PRIMARY KEY AUTOINCREMENT,
    pupil        INTEGER NOT NULL REFERENCES pupil (id),
    kind         TEXT NOT NULL CHECK (kind IN ('excuse', 'return', 'not_expected')),
    status       TEXT,
    from_date    INTEGER NOT NULL,
    to_date      INTEGER NOT NULL,
    recorded_at  INTEGER NOT NULL,
    withdrawn_at INTEGER,
    delivery     INTEGER REFERENCES delivery (id),
    -- Who decided, the second person, the reason, the evidence: JSON, sealed.
    sealed       BLOB NOT NULL,
    CHECK ((kind = 'excuse') = (status IS NOT NULL)),
    CHECK (to_date >= from_date)
) STRICT;
CREATE INDEX decision_pupil ON decision (pupil);
-- The same return reported twice by files is one.
CREATE UNIQUE INDEX decision_return ON decision (pupil, from_date) WHERE kind = 'return' AND delivery IS NOT NULL;

CREATE TABLE act (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    pupil       INTEGER NOT NULL REFERENCES pupil (id),
    date        INTEGER NOT NULL,
    kind        TEXT NOT NULL,
    result      TEXT,
    recorded_at INTEGER NOT NULL,
    delivery    INTEGER REFERENCES delivery (id),
    -- Of who did it: acts that say the same are one.
    by_digest   BLOB NOT NULL CHECK (length(by_digest) = 32),
    -- By and note: JSON, sealed.
    sealed      BLOB NOT NULL
) STRICT;
CREATE UNIQUE INDEX act_once ON act (pupil, date, kind, ifnull(result, ''), by_digest);

-- ------------------------------------------------------------ what the engine is to look at

CREATE TABLE pupil_dirty (
    pupil INTEGER PRIMARY KEY REFERENCES pupil (id) ON DELETE CASCADE,
    since INTEGER NOT NULL
) STRICT;
-- Rules about classes and schools: one row while they are to be asked anew.
CREATE TABLE group_dirty (
    only_row INTEGER PRIMARY KEY CHECK (only_row = 1),
    since    INTEGER NOT NULL
) STRICT;

-- What is wrong with a source now; the engine makes incidents of it. detail: JSON of counts.
CREATE TABLE source_condition (
    source TEXT NOT NULL,
    kind   TEXT NOT NULL CHECK (kind IN ('export_held', 'export_rejected', 'roster_shrunk', 'unknown_pupils')),
    since  INTEGER NOT NULL,
    detail TEXT NOT NULL,
    PRIMARY KEY (source, kind)
) STRICT, WITHOUT ROWID;

-- ============================================================ SECTION 2: cases, letters, incidents (written by the engine)

-- What the rules say, as of the last evaluation. subject: pupil's id, or "class:SCHOOL/CLASS", "school:SCHOOL".
CREATE TABLE finding (
    rule       TEXT NOT NULL,
    subject    TEXT NOT NULL,
    fired_on   INTEGER NOT NULL,
    rule_hash  TEXT NOT NULL,
    pupil      INTEGER REFERENCES pupil (id) ON DELETE CASCADE,
    last_on    INTEGER NOT NULL,
    open       INTEGER NOT NULL CHECK (open IN (0, 1)),
    superseded INTEGER NOT NULL DEFAULT 0 CHECK (superseded IN (0, 1)),
    body       TEXT NOT NULL,
    PRIMARY KEY (rule, subject, fired_on)
) STRICT, WITHOUT ROWID;
CREATE INDEX finding_pupil ON finding (pupil);

-- When the clock alone can change a pupil's findings.
CREATE TABLE pupil_wake (
    pupil INTEGER PRIMARY KEY REFERENCES pupil (id) ON DELETE CASCADE,
    at    INTEGER NOT NULL
) STRICT;
CREATE INDEX pupil_wake_at ON pupil_wake (at);

-- Texts of rules and ladders ever in force, by hash: what old cases rest on must stay readable.
CREATE TABLE policy_text (
    hash TEXT NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('rule', 'ladder')),
    id   TEXT NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (kind, hash)
) STRICT, WITHOUT ROWID;

-- The current row of a case: the fold of its events.
CREATE TABLE case_row (
    id      INTEGER PRIMARY KEY,
    pupil   INTEGER NOT NULL REFERENCES pupil (id),
    kind    TEXT NOT NULL DEFAULT 'absence' CHECK (kind IN ('absence', 'leaver', 'matter')),
    state   TEXT NOT NULL CHECK (state IN ('open', 'watching', 'closed')),
    level   INTEGER NOT NULL CHECK (level BETWEEN 0 AND 9),
    number  TEXT UNIQUE,
    school  TEXT,
    wake_at INTEGER,
    -- Of the body, for whoever looks for incidents: it asks for one, now or some day; the one that holds its notices.
    asks    INTEGER NOT NULL CHECK (asks IN (0, 1)),
    held    INTEGER,
    sealed_body BLOB NOT NULL
) STRICT;
CREATE UNIQUE INDEX case_one_open ON case_row (pupil, kind) WHERE state <> 'closed';
CREATE INDEX case_pupil ON case_row (pupil);
CREATE INDEX case_wake ON case_row (wake_at) WHERE wake_at IS NOT NULL;
CREATE INDEX case_asks ON case_row (id) WHERE asks = 1;
CREATE INDEX case_held ON case_row (held) WHERE held IS NOT NULL;

-- The ledger: append-only.
CREATE TABLE case_event (
    id      INTEGER PRIMARY KEY,
    case_id INTEGER NOT NULL REFERENCES case_row (id) ON DELETE CASCADE,
    at      INTEGER NOT NULL,
    name    TEXT NOT NULL,
    -- The user id of whoever asked for it on the command line, as the system gave it.
    uid     INTEGER,
    sealed_body BLOB NOT NULL
) STRICT;
CREATE INDEX case_event_case ON case_event (case_id, id);
CREATE INDEX case_event_at ON case_event (at, name);

-- Serial numbers of cases by school year: never reused.
CREATE TABLE case_serial (year INTEGER PRIMARY KEY, last INTEGER NOT NULL) STRICT;

-- An obligation: this recipient must be told this.
CREATE TABLE notice (
    id         INTEGER PRIMARY KEY,
    about      TEXT NOT NULL,            -- case:7, incident:3, township:DAY
    pupil      INTEGER,
    school     TEXT,
    ladder     TEXT NOT NULL DEFAULT '',
    rung       TEXT NOT NULL,
    telling    INTEGER NOT NULL,
    role       TEXT NOT NULL,
    office     TEXT NOT NULL,
    person     INTEGER NOT NULL,
    via        TEXT NOT NULL,
    template   TEXT,
    document   TEXT,
    statutory  INTEGER NOT NULL CHECK (statutory IN (0, 1)),
    urgent     INTEGER NOT NULL CHECK (urgent IN (0, 1)),
    due        INTEGER NOT NULL,
    not_before INTEGER,
    -- Since when nothing has forbidden it: what has not gone a while after that is told.
    free_since INTEGER,
    state      TEXT NOT NULL CHECK (state IN ('waiting', 'held', 'told', 'given_up', 'cancelled')),
    -- Held by a person's hand: the end of a mass hold does not let it go.
    by_hand    INTEGER NOT NULL DEFAULT 0 CHECK (by_hand IN (0, 1)),
    tried      TEXT NOT NULL DEFAULT '[]',
    facts      TEXT NOT NULL DEFAULT 'null',
    made       INTEGER NOT NULL,
    told       INTEGER,
    told_by    TEXT,
    -- The letter that carries it now.
    letter     INTEGER,
    UNIQUE (about, ladder, rung, telling, office, person)
) STRICT;
CREATE INDEX notice_waiting ON notice (due, id) WHERE state = 'waiting' AND letter IS NULL;
CREATE INDEX notice_open ON notice (state) WHERE state IN ('waiting', 'held');
CREATE INDEX notice_about ON notice (about);
CREATE INDEX notice_letter ON notice (letter) WHERE letter IS NOT NULL;

-- Replies that came, by a keyed digest of their channel and id: a second copy is known.
CREATE TABLE incoming (
    digest BLOB PRIMARY KEY CHECK (length(digest) = 32),
    at     INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- One dispatch by one channel. Words, name and address are sealed; the digest tells addresses apart.
CREATE TABLE letter (
    id         INTEGER PRIMARY KEY,
    channel    TEXT NOT NULL,
    role       TEXT NOT NULL,
    state      TEXT NOT NULL CHECK (state IN ('sending', 'waiting', 'accepted', 'delivered', 'failed', 'unknown')),
    about_children INTEGER NOT NULL CHECK (about_children IN (0, 1)),
    address_digest BLOB NOT NULL,
    contact    INTEGER NOT NULL,
    claimed    INTEGER NOT NULL,
    attempts   INTEGER NOT NULL,
    -- A retry waits until then (state 'waiting').
    next_at    INTEGER,
    accepted   INTEGER,
    receipt_by INTEGER,
    gateway_id TEXT,
    boot       TEXT NOT NULL,
    repeated   INTEGER NOT NULL DEFAULT 0 CHECK (repeated IN (0, 1)),
    why        TEXT,
    -- For one a day: does it count (an SMS to a guardian that is not statutory, returned or correction)?
    counts     INTEGER NOT NULL DEFAULT 0 CHECK (counts IN (0, 1)),
    pupil      INTEGER,
    sealed_words BLOB NOT NULL
) STRICT;
CREATE INDEX letter_state ON letter (state) WHERE state IN ('sending', 'waiting');
CREATE INDEX letter_receipt ON letter (receipt_by) WHERE receipt_by IS NOT NULL;
CREATE INDEX letter_next ON letter (next_at) WHERE next_at IS NOT NULL;
CREATE INDEX letter_address ON letter (address_digest, about_children, accepted);

CREATE TABLE letter_notice (
    letter INTEGER NOT NULL REFERENCES letter (id) ON DELETE CASCADE,
    notice INTEGER NOT NULL REFERENCES notice (id) ON DELETE CASCADE,
    PRIMARY KEY (letter, notice)
) STRICT, WITHOUT ROWID;
CREATE INDEX letter_notice_of ON letter_notice (notice);

-- A numbered draft of a paper (`document:` of a rung). The number stays taken when its case, a follow-up, is erased.
CREATE TABLE document (
    number     TEXT PRIMARY KEY,
    case_id    INTEGER REFERENCES case_row (id) ON DELETE SET NULL,
    kind       TEXT NOT NULL,
    drafted_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX document_case ON document (case_id) WHERE case_id IS NOT NULL;

-- What a draft said when it left with letters: the whole file, once for each content (the digest is keyed).
CREATE TABLE document_content (
    id          INTEGER PRIMARY KEY,
    number      TEXT NOT NULL REFERENCES document (number),
    case_id     INTEGER NOT NULL REFERENCES case_row (id) ON DELETE CASCADE,
    composed_at INTEGER NOT NULL,
    digest      BLOB NOT NULL CHECK (length(digest) = 32),
    sealed_file BLOB NOT NULL,
    UNIQUE (number, digest)
) STRICT;
CREATE INDEX document_content_case ON document_content (case_id);

CREATE TABLE letter_document (
    letter  INTEGER NOT NULL REFERENCES letter (id) ON DELETE CASCADE,
    content INTEGER NOT NULL REFERENCES document_content (id) ON DELETE CASCADE,
    PRIMARY KEY (letter, content)
) STRICT, WITHOUT ROWID;
CREATE INDEX letter_document_content ON letter_document (content);

-- Addresses that are dead until the register or the contacts bring another; channels that have stopped.
CREATE TABLE dead_address (digest BLOB PRIMARY KEY, since INTEGER NOT NULL, channel TEXT NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE channel_state (
    channel    TEXT PRIMARY KEY,
    down_since INTEGER,
    why        TEXT,
    not_before INTEGER,
    last_ok    INTEGER,
    -- Since when letters have waited here without a success, one after another, and when the last of them ceased to.
    waiting_since INTEGER,
    waiting_until INTEGER
) STRICT, WITHOUT ROWID;

CREATE TABLE incident (
    id      INTEGER PRIMARY KEY,
    kind    TEXT NOT NULL,
    subject TEXT NOT NULL,
    school  TEXT,
    opened  INTEGER NOT NULL,
    closed  INTEGER,
    wake_at INTEGER,
    body    TEXT NOT NULL
) STRICT;
CREATE UNIQUE INDEX incident_one_open ON incident (kind, subject) WHERE closed IS NULL;

-- What happened to the outbox and to incidents by a person's hand: who, what, why.
CREATE TABLE logbook (
    id    INTEGER PRIMARY KEY,
    at    INTEGER NOT NULL,
    what  TEXT NOT NULL,
    sealed_body BLOB NOT NULL
) STRICT;
