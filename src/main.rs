//! The program: parse arguments, call the command, print the error, exit. Nothing else.

fn main() -> std::process::ExitCode {
    kongchuo::cli::main()
}
