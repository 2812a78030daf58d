//! The words of letters: default texts for every rung and every telling outside rungs, by kind of recipient. A letter to a
//! guardian names the child, gives the dates, and never uses the word for dropping out.

messages! {
    // Dates as people say them.
    day(month, day) zh "{month}月{day}日" en "{month}/{day}";
    days_range(first, last, n) zh "{first}至{last}（共{n}天）" en "{first} to {last} ({n} days)";
    list_mark() zh "、" en ", ";

    guardian_absent(name, dates, contact) zh "{name}家长：您的孩子{name}{dates}未到校，请尽快联系{contact}，说明情况并让孩子返校。" en "To the guardian of {name}: your child {name} was not at school on {dates}. Please get in touch with {contact} and let the child come back.";
    guardian_returned(name, day) zh "{name}家长：{name}{day}已到校，谢谢您的配合。" en "To the guardian of {name}: {name} was at school on {day}. Thank you.";
    guardian_back(name, dates, day) zh "{name}家长：{name}{dates}缺课后，{day}已到校，谢谢您的配合。" en "To the guardian of {name}: {name} was not at school on {dates} and is back since {day}. Thank you.";
    guardian_relapsed(name, dates, contact) zh "{name}家长：{name}返校后又于{dates}未到校，请尽快联系{contact}。" en "To the guardian of {name}: after coming back {name} was again not at school on {dates}. Please get in touch with {contact}.";
    guardian_corrected(name) zh "{name}家长：此前关于{name}未到校的通知有误，学校已更正，特此说明，抱歉打扰。" en "To the guardian of {name}: the earlier letter about {name} not being at school was a mistake, which the school has corrected. We are sorry.";
    guardian_subject(name) zh "关于{name}的到校情况" en "About {name}'s attendance";

    staff_absent(school, class, name, dates, task) zh "【缺课提醒】{school}{class}{name}：{dates}未到校。{task}" en "[Absence] {school} {class} {name}: not at school on {dates}. {task}";
    staff_task_contact() zh "请当天联系家长问明原因，并把结果记入系统。" en "Please call the guardians today, find out why, and record the result.";
    staff_task_visit() zh "请家访，并把结果记入系统。" en "Please visit the family and record the result.";
    staff_task_lead() zh "请督促班主任联系家长、组织劝返。" en "Please see to it that the family is reached and the child persuaded to return.";
    staff_returned(school, class, name, day) zh "【返校】{school}{class}{name}{day}已到校，进入跟踪期。" en "[Returned] {school} {class} {name} was at school on {day}; the watch has begun.";
    staff_relapsed(school, class, name, dates) zh "【再次缺课】{school}{class}{name}返校后又于{dates}未到校，流程继续。" en "[Relapse] {school} {class} {name} was again not at school on {dates}; the climb goes on.";
    staff_corrected(school, class, name) zh "【更正】此前关于{school}{class}{name}未到校的通知有误，数据已更正。" en "[Correction] The earlier letter about {school} {class} {name} was a mistake; the data were corrected.";
    staff_subject(name, school) zh "缺课提醒：{school} {name}" en "Absence: {school} {name}";

    office_absent(number, school, class, name, dates, level) zh "【缺课报告】{school}{class}{name}：{dates}未到校。个案{number}，级别{level}。" en "[Absence report] {school} {class} {name}: not at school on {dates}. Case {number}, level {level}.";
    office_order() zh "请依法对监护人批评教育、责令限期改正。" en " Please admonish the guardian and order a remedy within a term, as the law has it.";
    office_overdue() zh "责令限期改正期限已过，学生仍未返校，请依法处理。" en " The term of the order is over and the child is still away; please act as the law has it.";
    office_report() zh "请督促学校和家庭，组织劝返复学。" en " Please see to it that school and family bring the child back.";
    report_attached(title, number) zh "附件为{title}草稿（编号{number}），请核实、签发后使用。" en " Attached: {title}, draft {number}; check and sign it before it is used.";
    order_attached(title, number) zh "附件为{title}草稿及送达回证（编号{number}），请审核签发，由专人送达监护人，并登记送达日期。" en " Attached: {title} with proof of service, draft {number}; check and sign it, have a person serve it, and record the date.";
    draft_named(title, number) zh "{title}草稿编号{number}。" en " {title}: draft {number}.";
    office_unconfirmed() zh "注意：该校当日数据异常，尚未确认。" en " Note: the school's data of that day are unusual and not confirmed.";
    office_subject(number, school, name) zh "缺课报告 {number}：{school} {name}" en "Absence report {number}: {school} {name}";
    case_without_number() zh "（未编号）" en "(no number)";
    stated_unconfirmed(school, class, name, by) zh "【未经证实的返校】{school}{class}{name}曾由{by}登记返校，但此后三个上课日均未到校，登记已撤销，流程继续。" en "[Return not confirmed] {by} had recorded the return of {school} {class} {name}, but no attendance has confirmed it within three school days; the record is withdrawn and the climb goes on.";

    digest_back(school, class, name, dates, back) zh "【每日汇总】{school}{class}{name}{dates}缺课，补报时已于{back}返校；个案直接转入观察，未另行通知。" en "[Digest] {school} {class} {name} was absent on {dates} and was back on {back} when this became known; the case is being watched, nobody was alarmed.";
    digest_excused(school, class, name, days, by, second) zh "【每日汇总】{school}{class}{name}{days}的缺课由{by}、{second}改记。" en "[Digest] {school} {class} {name}: the absence of {days} was excused by {by} and {second}.";
    span_of_days(from, to) zh "{from}至{to}" en "{from} to {to}";

    incident_subject(title) zh "【系统告警】{title}" en "[Alarm] {title}";
    incident_text(title, text) zh "【系统告警】{title}：{text}" en "[Alarm] {title}: {text}";
    mended_text(title) zh "【已恢复】{title}" en "[Mended] {title}";
    held_text(title, text) zh "【仍待处理】{title}：{text}" en "[Still undecided] {title}: {text}";

    export_overdue_title(subject) zh "{subject} 的考勤数据未按时报送" en "no export from {subject}";
    export_overdue_text(day, by) zh "{day} {by} 前没有收到当天的数据。没有数据不等于学生到校，请立即联系学校。" en "nothing for {day} had come by {by}. No data does not mean that the children are there: please call the school now.";
    export_held_title(subject) zh "{subject} 的文件异常，暂未采用" en "a file of {subject} is held";
    export_held_text() zh "文件内容与平常相差太大，没有采用。请核对后用 import --confirm 确认，或让学校重新报送。" en "it differs too much from the usual; nothing was applied. Check it and confirm with import --confirm, or have it sent again.";
    export_rejected_title(subject) zh "{subject} 的文件读不了" en "a file of {subject} cannot be read";
    export_rejected_text() zh "文件已移到 rejected 文件夹，旁边的问题说明写明了原因和改法。" en "it lies in the rejected folder; the report beside it says why and what to do.";
    unknown_pupils_title(subject) zh "{subject} 里有名册上没有的学生" en "{subject} names pupils whom the register does not know";
    unknown_pupils_text() zh "这些行已保留，名册补充后自动采用。请核对学籍名册。" en "the rows are kept and count as soon as the register brings the pupils. Please check the register.";
    roster_shrunk_title(subject) zh "{subject} 的名册少了学生" en "the register of {subject} has lost pupils";
    roster_shrunk_text() zh "有学生从名册里消失而没有转出、毕业等说明。在写明去向之前，他们仍按在校生监测。" en "pupils are missing without a word about where they went. Until it says so they are still expected.";
    calendar_unknown_title(subject) zh "{subject}年的放假安排还没有" en "the holidays of {subject} are not known";
    calendar_unknown_text() zh "请在国务院公布后放入假期文件。" en "please add the holiday file as soon as it is published.";
    mass_absence_title(subject) zh "{subject} 大批学生同时缺课，通知已暂缓" en "many pupils of {subject} are absent at once; letters are held";
    mass_absence_text(pupils, dates) zh "共{pupils}人（{dates}）。请核实：若属实，用 outbox release 放行；若是数据错误，请学校重新报送。" en "{pupils} pupils ({dates}). Please check: if true, release with outbox release; if not, have the school send the data again.";
    contact_missing_title(subject) zh "{subject} 没有可用的联系方式" en "nobody can be reached for {subject}";
    contact_missing_text() zh "请补充电话或邮箱。" en "please add a phone number or a mail address.";
    channel_down_title(subject) zh "通道 {subject} 发不出去" en "channel {subject} is down";
    channel_down_text() zh "请检查账号、密码、签名和网络。有其他通道的通知已改走其他通道，其余在等待。" en "please check account, password, signature and network. Letters with another way have taken it, the others wait.";
    message_refused_title(subject) zh "通道 {subject} 拒绝了一条内容" en "channel {subject} refused a message";
    message_refused_text() zh "请检查模板和签名。" en "please check templates and signature.";
    letters_stuck_title(subject) zh "通道 {subject} 有信一小时发不出去" en "letters have been stuck at channel {subject} for an hour";
    ladder_overdue_title(subject) zh "个案 {subject} 有通知超时未发出" en "a letter of case {subject} is overdue";
    letters_late_text() zh "系统仍在重试，请检查网络和通道。" en "it is still being tried; please check the network and the channel.";
    case_for_review_title(subject) zh "个案 {subject} 需要研究" en "case {subject} is due for review";
    case_for_review_text() zh "学生九年级已结束或已满十六周岁，个案仍未了结，请研究后续安排。" en "the pupil has ended grade 9 or turned 16 with an open case; please decide how to go on.";
    exemption_ends_title(subject) zh "{subject} 的休学或免学即将到期" en "the suspension or exemption of {subject} is about to end";
    exemption_ends_text(until) zh "到期日{until}。请联系家庭安排返校，或补交新的批准。" en "it ends on {until}; please arrange the return, or file a new approval.";
    ladder_exhausted_title(subject) zh "个案 {subject} 的流程已走完，学生仍未返校" en "the ladder of case {subject} is exhausted and the child is still away";
    ladder_exhausted_text() zh "请联席会议研究处理。" en "please bring it to the joint meeting.";
    clock_jumped_title() zh "服务器的时钟被改动" en "the server's clock was set";
    clock_jumped_text(minutes) zh "时钟跳了{minutes}分钟，系统已暂停发送十分钟。请核对服务器的日期、时间和对时设置。" en "it jumped by {minutes} minutes; nothing was sent for ten minutes. Please check date, time and time server.";
    audit_failed_title() zh "夜间自查发现数据不一致" en "the nightly audit found something inconsistent";
    audit_failed_text() zh "受影响的学生已重新计算。请查看 incidents 里的明细，备份数据库并联系维护人员；若下次自查通过，本提醒自动解除。" en "Whoever it concerns was evaluated again. Please look at the details in incidents, back the database up and call whoever maintains it; it closes by itself when the next audit finds nothing.";
    disk_low_title(free) zh "服务器磁盘只剩{free}" en "only {free} of the server's disk is free";
    disk_low_text() zh "磁盘写满后系统将无法记录和发送。请尽快清理或扩容。" en "once it is full nothing can be recorded or sent. Please make room soon.";
    backup_never() zh "从未备份" en "never";
    backup_old_title() zh "数据库超过八天没有备份" en "the database has not been backed up for eight days";
    backup_old_text(last) zh "上次备份：{last}。请运行 kongchuo backup 文件名，并把备份和密钥分开存放在另一台机器上。" en "Last backup: {last}. Please run kongchuo backup FILE, and keep backup and key apart and on another machine.";
    policy_rejected_title() zh "新的配置有问题，没有采用" en "the new configuration has problems and was not taken";
    policy_rejected_text(problems) zh "原配置继续运行。{problems}" en "the old one goes on. {problems}";
    other_title(kind, subject) zh "{kind}：{subject}" en "{kind}: {subject}";

    weakened_subject() zh "监测规则被放宽" en "the rules were weakened";
    weakened_text(list) zh "【规则变更】以下改动使监测变宽，请核实是否经过批准：\n{list}" en "[Change of rules] These changes weaken the monitoring; please check that they were approved:\n{list}";

    morning_subject(date) zh "{date} 控辍保学晨报" en "Morning report of {date}";
    morning_line(name, expected, present, absent) zh "{name}：应到{expected}人，实到{present}人，缺课{absent}人" en "{name}: {expected} expected, {present} present, {absent} absent";
    morning_silent(name) zh "{name}：未报送！" en "{name}: silent!";
    morning_closed(name) zh "{name}：今天不上课" en "{name}: no school today";
    morning_cases(open, watching, climbed, returned) zh "进行中个案{open}件，跟踪{watching}件；过去一天升级{climbed}件、返校{returned}件。" en "{open} cases open, {watching} watched; in the last day {climbed} climbed, {returned} returned.";
    morning_quiet() zh "今天没有需要处理的事项。" en "Nothing needs doing today.";

    many_subject(n) zh "{n}条通知" en "{n} notices";
    answer_done(names) zh "{names}：已记录。" en "{names}: recorded.";
    answer_taken(name, by, at) zh "{name}：已由{by}于{at}接手处理。" en "{name}: already taken on by {by} at {at}.";
    answer_about(name, text) zh "{name}：{text}" en "{name}: {text}";
    reply_thanks() zh "收到，谢谢。" en "Received, thank you.";
}
