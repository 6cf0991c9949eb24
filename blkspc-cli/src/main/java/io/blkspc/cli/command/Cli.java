package io.blkspc.cli.command;

import io.blkspc.cli.outcome.ExitCode;
import io.blkspc.cli.outcome.Outcome;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import picocli.CommandLine;
import picocli.CommandLine.Help.Ansi;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ParseResult;
import picocli.CommandLine.UnmatchedArgumentException;

/** The command line as a whole: from words to an exit code. */
public final class Cli {

    private static final Map<String, Supplier<Object>> COMMANDS = new LinkedHashMap<>();

    static {
        COMMANDS.put("demo", DemoCommand::new);
        COMMANDS.put("doctor", DoctorCommand::new);
        COMMANDS.put("pool", PoolCommand::new);
        COMMANDS.put("create", CreateCommand::new);
        COMMANDS.put("list", ListCommand::new);
        COMMANDS.put("info", InfoCommand::new);
        COMMANDS.put("du", DuCommand::new);
        COMMANDS.put("reservations", ReservationsCommand::new);
        COMMANDS.put("snapshot", SnapshotCommand::new);
        COMMANDS.put("clone", CloneCommand::new);
        COMMANDS.put("destroy", DestroyCommand::new);
        COMMANDS.put("jobs", JobsCommand::new);
        COMMANDS.put("diff", DiffCommand::new);
        COMMANDS.put("rename", RenameCommand::new);
        COMMANDS.put("hold", HoldCommand::new);
        COMMANDS.put("release", ReleaseCommand::new);
        COMMANDS.put("resize", ResizeCommand::new);
        COMMANDS.put("rollback", RollbackCommand::new);
        COMMANDS.put("map", MapCommand::new);
        COMMANDS.put("import", ImportCommand::new);
        COMMANDS.put("export", ExportCommand::new);
        COMMANDS.put("fs", FsCommand::new);
        COMMANDS.put("serve", ServeCommand::new);
        COMMANDS.put("stop", StopCommand::new);
        COMMANDS.put("attach", AttachCommand::new);
        COMMANDS.put("detach", DetachCommand::new);
        COMMANDS.put("attached", AttachedCommand::new);
        COMMANDS.put("bench", BenchCommand::new);
        COMMANDS.put("completion", CompletionCommand::new);
        COMMANDS.put("help", HelpCommand::new);
    }

    private static final Map<String, String> ALIASES = Map.of("ls", "list", "snap", "snapshot", "rm", "destroy");

    private Cli() {}

    /** Runs one command line and returns its exit code. Nothing is thrown. */
    public static int run(Environment environment, String... words) {
        CommandLine line = forWords(environment, words);
        int exitCode = line.execute(words);
        if (environment.out().checkError() && exitCode == ExitCode.DONE) {
            environment.err().println("blkspc: standard output could not be written");
            return ExitCode.FAILED;
        }
        return exitCode;
    }

    /** Every command, with all its options, for completion. */
    static CommandLine whole(Environment environment) {
        CommandLine line = new CommandLine(new Blkspc(environment));
        COMMANDS.forEach((name, maker) -> line.addSubcommand(name, maker.get()));
        return line;
    }

    /** Every command, for help. */
    static CommandLine wholeForPeople(Environment environment) {
        return configured(whole(environment), environment);
    }

    /** Building a command reads its annotations, and most runs need one command only. */
    private static CommandLine forWords(Environment environment, String... words) {
        String word = firstWord(words);
        String name = ALIASES.getOrDefault(word, word);
        Supplier<Object> maker = COMMANDS.get(name);
        if (maker == null || name.equals("help")) {
            return wholeForPeople(environment);
        }
        CommandLine line = new CommandLine(new Blkspc(environment));
        line.addSubcommand(name, maker.get());
        return configured(line, environment);
    }

    private static String firstWord(String... words) {
        for (int i = 0; i < words.length; i++) {
            if (words[i].equals("-p") || words[i].equals("--pool")) {
                i++;
            } else if (!words[i].startsWith("-")) {
                return words[i];
            }
        }
        return "";
    }

    private static CommandLine configured(CommandLine line, Environment environment) {
        line.setOut(new PrintWriter(environment.out(), true, StandardCharsets.UTF_8));
        line.setErr(new PrintWriter(environment.err(), true, StandardCharsets.UTF_8));
        line.setColorScheme(
                CommandLine.Help.defaultColorScheme(environment.terminal().color() ? Ansi.ON : Ansi.OFF));
        line.setUsageHelpWidth(100);
        line.setUsageHelpAutoWidth(false);
        line.getSubcommands().values().forEach(Cli::hideCommonOptions);
        line.setAbbreviatedOptionsAllowed(false);
        line.setParameterExceptionHandler(Cli::wrongWords);
        line.setExecutionExceptionHandler(Cli::failed);
        line.setExecutionStrategy(Cli::execute);
        return line;
    }

    /** The help of a command shows what is its own; the rest in one line. */
    private static void hideCommonOptions(CommandLine line) {
        CommandSpec spec = line.getCommandSpec();
        if (!line.getSubcommands().isEmpty()) { // what is added here would be added to them as well
            line.getSubcommands().values().forEach(Cli::hideCommonOptions);
            return;
        }
        for (OptionSpec option : List.copyOf(spec.options())) {
            if (option.inherited()) {
                spec.remove(option);
                spec.addOption(OptionSpec.builder(option).hidden(true).build());
            }
        }
        spec.usageMessage()
                .footer("", "Every command takes --pool DIR, --json, --bytes, --no-progress, --verbose, --help.%n");
    }

    private static int execute(ParseResult parsed) {
        Blkspc root = (Blkspc) parsed.commandSpec().root().userObject();
        // Read by LogSetup when the first logger is made, which no command does before this.
        System.setProperty("blkspc.verbosity", Integer.toString(root.verbose.length));
        return new CommandLine.RunLast().execute(parsed);
    }

    private static int wrongWords(ParameterException failure, String[] words) {
        CommandLine line = failure.getCommandLine();
        if (words.length == 0) {
            line.usage(line.getErr());
            return ExitCode.USAGE;
        }
        String message = failure.getMessage().strip().replaceAll("\\s*[\\r\\n]+\\s*", " ");
        if (failure instanceof UnmatchedArgumentException unmatched && line.getParent() == null) {
            String word = unmatched.getUnmatched().getFirst();
            message = word.equals("test")
                    ? word + " runs in a source checkout only, through its ./blkspc"
                    : "no such command or option: value=" + word;
        }
        line.getErr()
                .println(
                        "blkspc: " + message + " (see '" + line.getCommandSpec().qualifiedName() + " --help')");
        return ExitCode.USAGE;
    }

    private static int failed(Exception failure, CommandLine line, ParseResult parsed) {
        Blkspc root = (Blkspc) line.getCommandSpec().root().userObject();
        boolean changes = line.getCommandSpec().userObject() instanceof Task task && task.changes();
        Outcome outcome = Outcome.of(failure, changes);
        root.environment.out().flush();
        line.getErr().println("blkspc: " + outcome.line());
        if (root.verbose.length > 0) {
            failure.printStackTrace(line.getErr());
        }
        return outcome.exitCode();
    }
}
