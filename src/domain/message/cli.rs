//! Messages about the command line in general.

messages! {
    error_word() zh "错误" en "error";
    hint_word() zh "提示" en "hint";
}
