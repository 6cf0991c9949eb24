package io.blkspc.cli.command;

import io.blkspc.cli.action.Operation;
import picocli.CommandLine.Command;

/** {@code release}. */
@Command(name = "release", description = "Take a tag of hold away. A snapshot without one can be destroyed again.")
final class ReleaseCommand extends TagCommand {

    ReleaseCommand() {
        super(Operation.RELEASE, "released");
    }
}
