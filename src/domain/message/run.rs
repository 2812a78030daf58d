//! Messages about the daemon, status, channels.

messages! {
    // Channels: why a letter did not go. Read by the keeper of the server; no name, address or secret in them.
    day_limit_reached() zh "今天的发送限额已用完，明天继续" en "today's limit of letters is used up; it goes on tomorrow";
    output_lost(why) zh "输出没有写出去：{why}" en "the output could not be written: {why}";
    letter_interrupted() zh "发送被中断" en "the sending was interrupted";
    folder_refuses(path, why) zh "文件夹 {path} 写不进去：{why}" en "the folder {path} cannot be written: {why}";
    message_not_composed(why) zh "信件无法生成：{why}" en "the letter could not be composed: {why}";
    host_unreachable(host, port, why) zh "连不上 {host}:{port}：{why}" en "cannot reach {host}:{port}: {why}";
    host_slow(host, port) zh "{host}:{port} 没有及时应答" en "{host}:{port} did not answer in time";
    answer_lost(host) zh "信件已交给 {host}，但没有收到答复" en "the letter was handed to {host}, but no answer came back";
    mail_sender_unreadable() zh "from 不是一个邮箱地址" en "`from` is not a mail address";
    mail_ca_unreadable(path, why) zh "CA 证书文件 {path} 读不了：{why}" en "the CA file {path} cannot be read: {why}";
    mail_plain_refused() zh "不加密的邮件只能发给本机" en "mail without encryption is sent to this machine only";
    mail_tls_unusable(why) zh "TLS 设置不能用：{why}" en "the TLS settings cannot be used: {why}";
    mail_tls_refused(host, why) zh "与 {host} 的加密连接没有建立：{why}" en "no encrypted connection to {host}: {why}";
    mail_no_login(host) zh "{host} 不提供可用的登录方式" en "{host} offers no way to log in that can be used";
    mail_address_unreadable() zh "这不是一个邮箱地址" en "this is not a mail address";
    mail_address_not_supported(host) zh "{host} 不接受含汉字的邮箱地址" en "{host} takes no address beyond ASCII";
    mail_refused(host, code, text) zh "{host} 拒绝：{code} {text}" en "{host} refused: {code} {text}";
    gateway_template_broken(part, why) zh "网关的 {part} 模板有错：{why}" en "the gateway's template `{part}` is wrong: {why}";
    gateway_bad_url() zh "网关的 url 不是 http 或 https 地址" en "the gateway's `url` is no http or https address";
    gateway_bad_method(method) zh "网关的 method 不能是 {method}" en "the gateway's `method` cannot be {method}";
    gateway_bad_header(name) zh "网关的请求头 {name} 不能用" en "the gateway's header {name} cannot be used";
    gateway_unusable(why) zh "网关连接建立不了：{why}" en "the gateway client cannot be set up: {why}";
    gateway_tls_refused(host, why) zh "与短信网关 {host} 的加密连接没有建立：{why}" en "no encrypted connection to the gateway {host}: {why}";
    gateway_status(host, status) zh "短信网关 {host} 返回 HTTP {status}" en "the gateway {host} answered HTTP {status}";
    gateway_code(host, code) zh "短信网关 {host} 返回错误码 {code}" en "the gateway {host} answered with the code {code}";
    gateway_answer_unreadable(host, status) zh "看不懂短信网关 {host} 的答复（HTTP {status}），不知道是否已发出" en "the gateway {host} answered HTTP {status} with something unreadable: nobody knows whether the letter went";

    // The daemon.
    no_such_channel(channel) zh "配置里没有通道 {channel}" en "the configuration has no channel {channel}";
    last_step(at) zh "运行正常，最近一轮 {at}" en "running, last round {at}";
    reload_died() zh "重新读取配置时程序出错" en "reading the configuration again failed inside the program";
    reload_needs_restart() zh "data_dir 或 seal 变了：需要重启，重新加载不够" en "`data_dir` or `seal` has changed: that needs a restart, a reload is not enough";
    run_refused(pid, since) zh "kongchuo 已在运行（进程 {pid}，自 {since} 起）；同一个数据目录只能有一个" en "kongchuo is already running (process {pid}, since {since}); one data folder has one daemon";
    run_refused_by_somebody() zh "数据目录正被另一个 kongchuo 使用" en "another kongchuo is using the data folder";
    run_refused_hint() zh "查看状态：kongchuo status；停止它：systemctl stop kongchuo" en "see `kongchuo status`; stop it with `systemctl stop kongchuo`";
    data_dir_unusable(path) zh "数据目录 {path} 用不了" en "the data folder {path} cannot be used";
    daemon_died() zh "守护进程意外结束" en "the daemon ended unexpectedly";
    daemon_died_hint() zh "日志里有原因；systemd 会重新启动它" en "the log says why; systemd starts it again";
    config_has_problems(path) zh "配置 {path} 有问题，无法启动" en "the configuration {path} has problems: it cannot start";
    config_has_problems_hint() zh "kongchuo check 会逐条列出" en "`kongchuo check` lists them one by one";
    reload_problems(count, place, first) zh "新配置有 {count} 处问题，第一处在 {place}：{first}" en "the new configuration has {count} problem(s), the first at {place}: {first}";
    seal_key_unusable() zh "seal 的密钥应当是 64 位十六进制数字" en "the key of `seal` must be 64 hex digits";
    round_done(read, refused, accepted, failed) zh "完成一轮：读入 {read} 个文件（{refused} 个退回、暂存或读不到），发出 {accepted} 封，失败 {failed} 次" en "one round done: {read} file(s) read ({refused} refused, held or out of reach), {accepted} letter(s) sent, {failed} attempt(s) failed";
    request_unreadable(why) zh "看不懂这条命令：{why}" en "this command cannot be understood: {why}";
    request_failed() zh "数据库出错，命令没有执行；详见日志" en "the database failed and the command was not carried out; the log says more";
    daemon_silent() zh "守护进程在运行，但没有应答" en "the daemon runs but does not answer";
    daemon_silent_hint() zh "它可能正在读一个大文件，稍后再试；或查看 kongchuo status" en "it may be reading a large file: try again in a moment, or see `kongchuo status`";

    // status
    status_running(pid, since) zh "守护进程：正在运行（进程 {pid}，自 {since} 起）" en "daemon: running (process {pid}, since {since})";
    status_not_running() zh "守护进程：没有运行" en "daemon: not running";
    status_hangs(pid) zh "守护进程：进程 {pid} 在，但没有应答" en "daemon: process {pid} is there but does not answer";
    status_step(step, at) zh "  {step}：最近完成于 {at}" en "  {step}: last finished {at}";
    status_step_never(step) zh "  {step}：还没有完成过一轮" en "  {step}: not finished yet";
    status_step_failed(step, why) zh "  {step}：出错，{why}" en "  {step}: failed, {why}";
    status_step_old() zh "  判断一步超过两分钟没有完成" en "  no finished engine step for more than two minutes";
    step_inbound(channel) zh "{channel} 的回复和回执" en "replies and receipts of {channel}";
    step_engine() zh "判断" en "engine";
    step_courier() zh "发信" en "courier";
    step_source(source) zh "来源 {source}" en "source {source}";
    status_no_database() zh "还没有数据库：没有读过任何文件" en "no database yet: nothing has been read";
    status_today() zh "今天" en "today";
    status_school(name, expected, present, absent) zh "  {name}：应到 {expected}，实到 {present}，缺课 {absent}" en "  {name}: {expected} expected, {present} present, {absent} absent";
    status_school_silent(name, expected) zh "  {name}：还没有上报（应到 {expected}）" en "  {name}: nothing reported yet ({expected} expected)";
    status_school_closed(name) zh "  {name}：今天不上课" en "  {name}: no school today";
    status_outbox(waiting, held, sending, unknown, today) zh "信件：等待 {waiting}，暂缓 {held}，发送中 {sending}，结果不明 {unknown}，今天已发 {today}" en "letters: {waiting} waiting, {held} held, {sending} under way, {unknown} unknown, {today} sent today";
    status_incidents(count) zh "未解决的异常：{count}" en "open incidents: {count}";
    status_incident(kind, subject, since) zh "  {kind} {subject}（自 {since} 起）" en "  {kind} {subject} (since {since})";
    status_healthy() zh "一切正常" en "all is well";
    status_unhealthy() zh "需要有人处理" en "somebody must look into this";
    reading_by_the_old() zh "配置有误，以下按运行中的旧配置显示" en "the configuration has problems; what follows is by the old one, which is still running";
}
