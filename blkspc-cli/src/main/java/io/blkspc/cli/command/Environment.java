package io.blkspc.cli.command;

import io.blkspc.cli.pool.PoolAccess;
import io.blkspc.cli.text.Terminal;
import java.io.BufferedOutputStream;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.Map;

/**
 * Everything a command may touch that is not on its command line.
 *
 * @param access the host
 * @param in standard input
 * @param out standard output for text
 * @param rawOut standard output for images; nothing else is printed then
 * @param err standard error
 * @param variables environment variables
 * @param terminal what the outputs can show
 */
public record Environment(
        PoolAccess access,
        InputStream in,
        PrintStream out,
        OutputStream rawOut,
        PrintStream err,
        Map<String, String> variables,
        Terminal terminal) {

    /** That of this process. */
    public static Environment ofProcess(PoolAccess access) {
        FileOutputStream rawOut = new FileOutputStream(FileDescriptor.out);
        PrintStream out = new PrintStream(new BufferedOutputStream(rawOut, 8192), false, StandardCharsets.UTF_8);
        Map<String, String> variables = System.getenv();
        return new Environment(access, System.in, out, rawOut, System.err, variables, Terminal.detect(variables));
    }
}
