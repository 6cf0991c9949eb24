package io.blkspc.cli.command;

import io.blkspc.cli.action.Operation;
import picocli.CommandLine.Command;

/** {@code hold}. */
@Command(
        name = "hold",
        description = "Keep a snapshot from being destroyed, until the tag is released. It may have several tags.")
final class HoldCommand extends TagCommand {

    HoldCommand() {
        super(Operation.HOLD, "held");
    }
}
