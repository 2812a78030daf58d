//! Messages about cases, ladders, incidents, commands on cases.

messages! {
    rule_removed(rule) zh "删除了规则 {rule}" en "rule {rule} was removed";
    rule_loosened(rule) zh "规则 {rule} 的条件或适用范围改变了" en "the condition or scope of rule {rule} changed";
    level_lowered(rule, from, to) zh "规则 {rule} 的级别由 {from} 降为 {to}" en "rule {rule} lifts a case to level {to} instead of {from}";
    threshold_raised(rule, from, to) zh "规则 {rule} 的门槛由 {from} 提高到 {to}" en "the threshold of rule {rule} was raised from {from} to {to}";
    ladder_removed(ladder) zh "删除了流程 {ladder}" en "ladder {ladder} was removed";
    rung_removed(ladder, rung) zh "流程 {ladder} 删除了步骤 {rung}" en "ladder {ladder} lost its rung {rung}";
    recipient_dropped(ladder, rung, role) zh "流程 {ladder} 的步骤 {rung} 不再通知 {role}" en "rung {rung} of ladder {ladder} no longer tells {role}";
    rung_delayed(ladder, rung) zh "流程 {ladder} 的步骤 {rung} 的时间改变了" en "the time of rung {rung} of ladder {ladder} changed";
    rung_skipped(ladder, rung) zh "流程 {ladder} 的步骤 {rung} 在更多情况下会略过" en "rung {rung} of ladder {ladder} is skipped for more reasons";
    repeats_fewer(ladder) zh "流程 {ladder} 的重复提醒改变了或减少了" en "the repeats of ladder {ladder} changed or became fewer";
    starts_later(day) zh "{day}之前的缺课不再报警" en "absence before {day} alarms nobody any more";
    holds_more() zh "同时缺课的学生更少时就会暂缓告知" en "letters are held already when fewer are away at once";
    silence_allowed(source) zh "来源 {source} 没有报送时报警更晚或不再报警" en "the silence of source {source} alarms later or no more";
    not_statutory(ladder, rung) zh "流程 {ladder} 的步骤 {rung} 不再是法定步骤" en "rung {rung} of ladder {ladder} is no longer statutory";

    no_such_case(who) zh "没有找到“{who}”的个案" en "there is no case of \"{who}\"";
    no_such_pupil(who) zh "学籍名册里没有“{who}”" en "the register knows no \"{who}\"";
    no_open_case(who) zh "“{who}”没有未结的个案" en "\"{who}\" has no open case";
    already_taken_on(who, at) zh "已由{who}于{at}接手处理" en "already taken on by {who} at {at}";
    no_duty(role) zh "“{role}”不在可以接手的岗位之列" en "the role \"{role}\" may not acknowledge this case";
    not_acknowledgeable() zh "该个案的流程没有“接手”一项" en "the ladder of this case has no acknowledgement";
    not_open() zh "个案不在“进行中”状态" en "the case is not open";
    not_closed() zh "个案没有结案，无需重开" en "the case is not closed";
    already_closed() zh "个案已经结案" en "the case is closed already";
    unknown_reason(reason) zh "“{reason}”不是结案理由。可用：transferred 转学、suspended 休学、exempt 免予入学、graduated 毕业、over_age 超龄、abroad 出国、died 死亡、mistaken 误报。“联系不上”不能结案，流程会继续" en "\"{reason}\" is no reason for closing. Possible: transferred, suspended, exempt, graduated, over_age, abroad, died, mistaken. \"Cannot be reached\" is none: the climb goes on";
    evidence_needed() zh "结案必须写明证据（例如接收学校和转学证明编号）" en "closing needs evidence (the receiving school and the number of the paper, say)";
    until_needed() zh "休学或免予入学必须有截止日期（--until）" en "a suspension or exemption needs its end (--until)";
    by_needed() zh "必须写明经办人（--by）" en "say who does it (--by)";
    second_needed() zh "超过3个上课日以前、或一次超过5天的更正需要第二人确认（--second）" en "excusing days older than 3 school days, or more than 5 at once, needs a second person (--second)";
    second_same() zh "第二人不能是经办人本人" en "the second person must be another one";
    in_the_future(date) zh "{date} 还没有到" en "{date} has not come yet";
    ends_before() zh "截止日期早于开始日期" en "the end lies before the beginning";
    unknown_status(status) zh "没有“{status}”这个状态" en "there is no status \"{status}\"";
    unknown_kind(kind) zh "没有“{kind}”这种措施" en "there is no act of kind \"{kind}\"";
    unknown_result(result) zh "没有“{result}”这种结果" en "there is no result \"{result}\"";
    unknown_document(document) zh "流程里没有“{document}”这种文书" en "no rung of the ladder has a document \"{document}\"";
    not_drafted(title) zh "本案还没有拟出“{title}”的草稿：到了该步骤才会自动拟出，也可以先用 report 命令加 --by 拟出" en "no draft of \"{title}\" was made for this case yet: its rung makes one when it is due, or make one now with report and --by";
    served_before_draft(date, number, day) zh "送达日期 {date} 早于草稿 {number} 的日期 {day}" en "{date} lies before {day}, the day of draft {number}";
    served(title, date) zh "已记录：{title}于 {date} 送达" en "recorded: {title} was served on {date}";
    served_corrected(title, before, date) zh "已更正：{title}的送达日期由 {before} 改为 {date}" en "corrected: {title} was served on {date}, not on {before}";
    served_already(title, date) zh "{title}于 {date} 送达，此前已经记录" en "{title} was served on {date}: it was recorded already";
    served_then(rung, at) zh "；期满未改正的，步骤 {rung} 将在 {at} 办理" en "; if nothing has changed by then, rung {rung} goes at {at}";
    drafted(title, number) zh "已拟出{title}草稿，编号 {number}" en "draft {number} of {title} was made";
    nothing_held(subject) zh "“{subject}”没有暂缓的通知" en "nothing is held for \"{subject}\"";
    no_such_decision(decision) zh "没有编号为 {decision} 的决定，或已撤回" en "there is no decision {decision}, or it was withdrawn";
    unknown_phone() zh "不认识这个号码" en "this number is not known";
    reply_not_understood() zh "没有看懂这条回复" en "the reply was not understood";
    done() zh "已记录" en "recorded";
    released(n) zh "已放行 {n} 条通知" en "{n} notices released";
}
