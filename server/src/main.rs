//! The binary `gigafleet`: the server and all commands.

use std::process::ExitCode;

fn main() -> ExitCode {
    gigafleet::cli::main()
}
