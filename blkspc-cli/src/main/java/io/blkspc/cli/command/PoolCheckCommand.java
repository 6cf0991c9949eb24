package io.blkspc.cli.command;

import io.blkspc.cli.outcome.CommandFailure;
import io.blkspc.cli.outcome.ExitCode;
import io.blkspc.cli.pool.PoolDoor;
import io.blkspc.cli.pool.ServedLink;
import io.blkspc.cli.text.Progress;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code pool check}. */
@Command(
        name = "check",
        description =
                "Look for damage: reads all metadata and compares everything it says with everything else. Changes "
                        + "nothing. Where a server holds the pool, it checks one consistent point while its clients go on. "
                        + "Data is not looked at, unless with --deep. Exit code 4 when something is wrong.")
final class PoolCheckCommand extends Task {

    @Option(
            names = "--deep",
            description =
                    "also read every block of data that something holds, from the medium; what it says is checked "
                            + "only for what was written last and is not durable yet, this format has no checksums of data at rest")
    private boolean deep;

    @Override
    public Integer call() {
        Map<String, Object> facts = check();
        boolean isClean = Boolean.TRUE.equals(facts.get("clean"));
        List<?> findings = (List<?>) facts.get("findings");
        show(facts, () -> text(facts, findings));
        if (!isClean) {
            throw new CommandFailure(
                    ExitCode.NEEDS_CHECK,
                    "the pool is damaged: findings=" + findings.size() + ", pool="
                            + location().directory());
        }
        return ExitCode.DONE;
    }

    private Map<String, Object> check() {
        try (Progress progress = progress("check:")) {
            Optional<ServedLink> server = new PoolDoor(environment().access(), location(), progress::say).enterServer();
            if (server.isEmpty()) {
                return environment()
                        .access()
                        .check(location().directory(), deep)
                        .facts();
            }
            try (ServedLink link = server.get()) {
                return link.check(deep);
            }
        }
    }

    private String text(Map<String, Object> facts, List<?> findings) {
        StringBuilder text = new StringBuilder();
        findings.forEach(finding -> text.append(finding).append('\n'));
        return text.append(findings.isEmpty() ? "clean" : findings.size() + " findings")
                .append(": versions=")
                .append(facts.get("versions"))
                .append(", nodes=")
                .append(facts.get("nodes"))
                .append(", extents=")
                .append(facts.get("extents"))
                .append(", blocks=")
                .append(facts.get("blocks"))
                .append(deep ? ", read=" + facts.get("read_blocks") : "")
                .append('\n')
                .toString();
    }
}
