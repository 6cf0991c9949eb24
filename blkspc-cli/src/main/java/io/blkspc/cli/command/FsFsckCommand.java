package io.blkspc.cli.command;

import io.blkspc.api.BlockSpace;
import io.blkspc.api.Geometry;
import io.blkspc.cli.fs.FsPath;
import io.blkspc.cli.outcome.CommandFailure;
import io.blkspc.cli.outcome.ExitCode;
import io.blkspc.cli.text.Json;
import io.blkspc.cli.text.Names;
import io.blkspc.xfsish.check.CheckReport;
import io.blkspc.xfsish.check.FileSystemCheck;
import java.util.Map;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/** {@code fs fsck}. */
@Command(
        name = "fsck",
        description =
                "Check a file system that nobody has mounted, also in a snapshot. Changes nothing. Exit code 4 when "
                        + "something is wrong.")
final class FsFsckCommand extends FileTask {

    @Parameters(index = "0", paramLabel = "NAME[@SNAP]", description = "volume or snapshot")
    private String name;

    @Override
    boolean changes() {
        return false;
    }

    @Override
    public Integer call() throws Exception {
        Names.version(name);
        CheckReport report = withPool(link -> {
            try (BlockSpace space = link.openSpace(name)) {
                return FileSystemCheck.run(space);
            }
        });
        Map<String, Object> facts = Json.of(
                "clean", report.isClean(),
                "findings", report.findings(),
                "needs_replay", report.needsReplay(),
                "directories", report.directories(),
                "files", report.files(),
                "used", report.usedBlocks() * Geometry.BLOCK_BYTES,
                "unlinked", report.unlinked());
        show(facts, () -> text(report));
        if (!report.isClean()) {
            throw new CommandFailure(
                    ExitCode.NEEDS_CHECK,
                    "the file system is damaged: findings=" + report.findings().size() + ", name=" + name);
        }
        return 0;
    }

    private String text(CheckReport report) {
        StringBuilder text = new StringBuilder();
        report.findings()
                .forEach(finding -> text.append(FsPath.printable(finding)).append('\n'));
        return text.append(report.isClean() ? "clean" : report.findings().size() + " findings")
                .append(": directories=")
                .append(report.directories())
                .append(", files=")
                .append(report.files())
                .append(", used=")
                .append(size(report.usedBlocks() * Geometry.BLOCK_BYTES))
                .append(report.needsReplay() ? ", its log waits for a mount" : "")
                .append('\n')
                .toString();
    }
}
