package io.blkspc.cli.command;

import io.blkspc.cli.action.RepairResult;
import io.blkspc.cli.outcome.CommandFailure;
import io.blkspc.cli.outcome.ExitCode;
import io.blkspc.cli.text.Progress;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code pool repair}. */
@Command(
        name = "repair",
        description = "Copy all that can be read of a damaged pool into a new pool of the same size: every volume and "
                + "snapshot, with what they share. The damaged pool is not written; no server may hold it. Ranges that "
                + "are lost read as zeros in the new pool and are listed. Exit code 4 when something is lost.")
/* What fails is removed again, and the damaged pool is never written: no outcome is unknown. */
final class PoolRepairCommand extends Task {

    @Option(names = "--to", paramLabel = "DIR", required = true, description = "the new pool")
    private Path to;

    @Option(
            names = "--data",
            paramLabel = "FILE|DEVICE",
            description = "where the data of the new pool lies; default: in it")
    private Path data;

    @Option(
            names = "--force",
            description = "let the data take the place of what is in --data already; a device is always there")
    private boolean force;

    @Option(
            names = "--allow-unreserved",
            description = "take a file system that cannot promise its space, such as a compressing one")
    private boolean allowUnreserved;

    @Override
    public Integer call() {
        Path repaired = to.toAbsolutePath().normalize();
        Path dataPath = data == null ? null : data.toAbsolutePath().normalize();
        requireOutside(repaired);
        if (dataPath != null) {
            requireOutside(dataPath);
        }
        RepairResult result;
        try (Progress progress = progress("repair:")) {
            result = environment()
                    .access()
                    .repair(location().directory(), repaired, dataPath, force, allowUnreserved, progress::say);
        }
        show(result.facts(), () -> text(repaired, result));
        if (!result.losses().isEmpty()) {
            throw new CommandFailure(
                    ExitCode.NEEDS_CHECK,
                    "not everything could be saved: losses=" + result.losses().size() + ", pool=" + repaired);
        }
        return ExitCode.DONE;
    }

    /** The damaged pool is not written, its directory neither, by whatever name. */
    private void requireOutside(Path target) {
        Path damaged = location().directory();
        requireOutside(target, target, damaged);
        for (Path at = target; at != null; at = at.getParent()) {
            try {
                requireOutside(target, at.toRealPath(), damaged);
                return;
            } catch (IOException notThere) {
                // what is not there yet is made where its directory really is
            }
        }
    }

    private static void requireOutside(Path target, Path place, Path damaged) {
        for (Path at = place; at != null; at = at.getParent()) {
            if (at.equals(damaged) || isSame(at, damaged)) {
                throw CommandFailure.usage("lies in the damaged pool: path=" + target + ", pool=" + damaged);
            }
        }
    }

    private static boolean isSame(Path one, Path other) {
        try {
            return Files.isSameFile(one, other);
        } catch (IOException notThere) {
            return false;
        }
    }

    private String text(Path repaired, RepairResult result) {
        StringBuilder text = new StringBuilder();
        for (RepairResult.Lost lost : result.losses()) {
            text.append("lost ").append(lost.volume() == null ? "(pool)" : lost.volume());
            if (lost.length() > 0) {
                text.append(" offset=").append(lost.offset()).append(" length=").append(lost.length());
            }
            text.append(": ").append(lost.reason()).append('\n');
        }
        return text.append("repaired pool ")
                .append(repaired)
                .append(": volumes=")
                .append(result.volumes())
                .append(", snapshots=")
                .append(result.snapshots())
                .append(", copied=")
                .append(size(result.copiedBytes()))
                .append(", losses=")
                .append(result.losses().size())
                .append('\n')
                .toString();
    }
}
