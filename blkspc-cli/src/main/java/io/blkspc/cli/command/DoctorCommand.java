package io.blkspc.cli.command;

import io.blkspc.cli.doctor.Doctor;
import io.blkspc.cli.doctor.Finding;
import io.blkspc.cli.doctor.Programs;
import io.blkspc.cli.outcome.ExitCode;
import io.blkspc.cli.text.Json;
import io.blkspc.cli.text.Terminal;
import java.util.List;
import picocli.CommandLine.Command;

/** {@code doctor}. */
@Command(
        name = "doctor",
        description = "Show what this machine has of the things blkspc and its users need. Exit code 1 when something "
                + "is missing that blkspc cannot do without.")
final class DoctorCommand extends Task {

    @Override
    public Integer call() {
        Programs programs = new Programs(environment().variables());
        List<Finding> findings = Doctor.examine(programs, location().directory());
        show(findings.stream().map(DoctorCommand::facts).toList(), () -> text(findings));
        boolean isFit = findings.stream().allMatch(finding -> finding.isOk() || !finding.isNeeded());
        return isFit ? ExitCode.DONE : ExitCode.FAILED;
    }

    private static Object facts(Finding finding) {
        return Json.of(
                "name", finding.name(),
                "ok", finding.isOk(),
                "needed", finding.isNeeded(),
                "facts", finding.facts(),
                "purpose", finding.purpose());
    }

    private String text(List<Finding> findings) {
        Terminal terminal = environment().terminal();
        StringBuilder text = new StringBuilder();
        for (Finding finding : findings) {
            String word = String.format("%-8s", finding.isOk() ? "ok" : "missing");
            text.append(finding.isOk() ? terminal.good(word) : terminal.bad(word))
                    .append(String.format("%-15s", finding.name()))
                    .append(finding.facts())
                    .append(terminal.faint("  (" + finding.purpose() + ")"))
                    .append('\n');
        }
        return text.toString();
    }
}
