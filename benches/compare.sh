#!/usr/bin/env bash
# Against what a clerk's nephew would write: one CSV of ROWS attendance rows read and stored by kongchuo, by the sqlite3
# command line and by Python's csv + sqlite3. Needs a release build, sqlite3 and python3. Usage: benches/compare.sh [ROWS]
set -euo pipefail
cd "$(dirname "$0")/.."
rows="${1:-1000000}"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cargo build --release --quiet

python3 - "$rows" "$work" <<'PY'
# Two hundred days × the pupils that this takes; nobody in it is real.
import csv, datetime, os, sys
rows, work = int(sys.argv[1]), sys.argv[2]
pupils = max(1, rows // 100)
start = datetime.date(2026, 9, 1)
days = [d for d in (start + datetime.timedelta(n) for n in range(200)) if d.weekday() < 5][:100]
weights = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2]
def number(n):
    body = "999999%s%03d" % ((datetime.date(2013, 1, 1) + datetime.timedelta(n // 1000)).strftime("%Y%m%d"), n % 1000)
    return "G" + body + "10X98765432"[sum(int(c) * w for c, w in zip(body, weights)) % 11]
numbers = [number(n) for n in range(pupils)]
with open(os.path.join(work, "register.csv"), "w", newline="") as f:
    w = csv.writer(f)
    w.writerow(["学籍号", "姓名", "学校", "年级", "班级", "学籍状态"])
    for n, no in enumerate(numbers):
        w.writerow([no, "王某某", "测试学校", n % 9 + 1, "%d年级%d班" % (n % 9 + 1, n // 9 % 40 + 1), "在读"])
seed = 1
with open(os.path.join(work, "attendance.csv"), "w", newline="") as f:
    w = csv.writer(f)
    w.writerow(["学籍号", "日期", "状态"])
    left = rows
    for d in days:
        for no in numbers:
            if left == 0:
                break
            left -= 1
            seed = (seed * 6364136223846793005 + 1442695040888963407) % 2**64
            r = (seed >> 33) % 1000
            w.writerow([no, d.isoformat(), "缺勤" if r < 14 else "病假" if r < 40 else "出勤"])
PY
cat >"$work/kongchuo.yaml" <<'YAML'
township: {name: 测试镇, code: "999999001", timezone: Asia/Shanghai, locale: zh-CN}
mode: rehearsal
live_from: 2027-07-01
data_dir: ./data
seal: {key: {file: seal.key}}
calendar: {terms: [{id: t, start: 2026-09-01, end: 2027-01-22}], weekend: [sat, sun], holidays: none}
schools: [{id: s, name: 测试学校, stage: {primary: 1-6, junior: 7-9}, grades: [1, 2, 3, 4, 5, 6, 7, 8, 9]}]
sources:
  - {id: register, school: {column: 学校}, content: register, kind: directory, path: in/register, match: "*.csv", poll: 1h, settle: 0s}
  - {id: roll, school: s, content: attendance, kind: directory, path: in/roll, match: "*.csv", poll: 1h, settle: 0s, coverage: full}
rules: [{id: three, title: 三天, when: {consecutive: {of: unexcused, days: 3}}, level: 1}]
ladders: [{id: operations, title: 值守, rungs: [{id: operator, at: {after: 0h}, to: [operator], via: [letters]}]}]
contacts: {offices: {operator: {name: 管理员, people: [{name: 管理员, email: a@example.cn}]}}}
channels: {letters: {kind: folder, path: letters}}
YAML
head -c 32 /dev/urandom | od -An -tx1 | tr -d ' \n' >"$work/seal.key"
chmod 600 "$work/seal.key"

timed() {
    local name=$1
    shift
    /usr/bin/env python3 - "$name" "$@" <<'PY'
import resource, subprocess, sys, time
began = time.time()
code = subprocess.run(sys.argv[2:], stdout=subprocess.DEVNULL).returncode
u = resource.getrusage(resource.RUSAGE_CHILDREN)
print("%-28s %7.2f s  %6.1f CPU s  %6d MiB  exit %d" % (sys.argv[1], time.time() - began, u.ru_utime + u.ru_stime, u.ru_maxrss // 1024, code))
PY
}

echo "$rows rows, $(du -h "$work/attendance.csv" | cut -f1)"
kongchuo="target/release/kongchuo --config $work/kongchuo.yaml"
timed "kongchuo import register" $kongchuo import "$work/register.csv" --source register --stated-at 2026-08-31T08:00:00+08:00
timed "kongchuo import" $kongchuo import "$work/attendance.csv" --source roll --stated-at 2027-02-01T08:00:00+08:00
timed "sqlite3 .import" sqlite3 "$work/cli.sqlite" "CREATE TABLE a(no TEXT, day TEXT, status TEXT)" ".import --csv --skip 1 $work/attendance.csv a"
cat >"$work/naive.py" <<'PY'
import csv, datetime, sqlite3, sys
db = sqlite3.connect(sys.argv[1] + "/naive.sqlite")
db.execute("CREATE TABLE a(no TEXT, day TEXT, status TEXT, PRIMARY KEY (no, day))")
with open(sys.argv[1] + "/attendance.csv", newline="") as f:
    for row in csv.DictReader(f):
        datetime.date.fromisoformat(row["日期"])
        db.execute("INSERT OR REPLACE INTO a VALUES (?, ?, ?)", (row["学籍号"], row["日期"], row["状态"]))
db.commit()
PY
timed "python csv + sqlite3" python3 "$work/naive.py" "$work"
