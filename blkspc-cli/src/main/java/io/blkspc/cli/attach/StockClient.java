package io.blkspc.cli.attach;

import io.blkspc.cli.outcome.CommandFailure;
import io.blkspc.cli.outcome.ExitCode;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * Attaches with the program nbd-client instead of our own requests to the driver. Such a device is not kept: it fails when its
 * server ends, and has the size it was attached with. Owned by one thread.
 */
public final class StockClient {

    /** Name of the program, and of the package it comes in. */
    public static final String PROGRAM = "nbd-client";

    private static final long SIZE_MILLIS = 10_000;
    private static final long POLL_MILLIS = 20;

    private final Path program;

    /**
     * Attaches with that program.
     *
     * @throws CommandFailure when there is none
     */
    public StockClient(Path program) {
        if (program == null) {
            throw new CommandFailure(
                    ExitCode.FAILED,
                    "there is no nbd-client (package nbd-client); without --nbd-client none is needed");
        }
        this.program = program;
    }

    /**
     * Attaches an export and returns when its device can be used.
     *
     * @param socket the server's unix socket
     */
    public NbdDevice attach(Path socket, String export, AttachOptions options)
            throws IOException, InterruptedException {
        NbdDevice device = options.index() < 0 ? NbdDevice.firstFree() : new NbdDevice(options.index());
        if (device.isConnected()) {
            throw new CommandFailure(ExitCode.BUSY, "the device is in use: device=" + device.path());
        }
        Process process = new ProcessBuilder(words(socket, export, device, options))
                .redirectErrorStream(true)
                .start();
        process.getOutputStream().close();
        String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip();
        int exit = process.waitFor();
        if (exit != 0) {
            throw new CommandFailure(
                    ExitCode.FAILED,
                    "nbd-client failed: exit=" + exit + ", device=" + device.path() + ", said="
                            + said.replaceAll("\\s*\\R\\s*", " / "));
        }
        long deadline = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(SIZE_MILLIS);
        while (!device.isConnected() || device.sizeBytes() == 0) { // the driver does the rest by itself
            if (System.nanoTime() - deadline > 0) {
                throw new CommandFailure(
                        ExitCode.FAILED, "nbd-client ended and there is no device: device=" + device.path());
            }
            TimeUnit.MILLISECONDS.sleep(POLL_MILLIS);
        }
        return device;
    }

    /** Without a limit of time the driver never gives up a request that was on its way when the server died. */
    List<String> words(Path socket, String export, NbdDevice device, AttachOptions options) {
        List<String> words = new ArrayList<>(List.of(
                program.toString(),
                "-unix",
                socket.toString(),
                "-N",
                export,
                "-C",
                Integer.toString(options.connections())));
        words.addAll(List.of("-t", Long.toString(options.timeoutSeconds())));
        words.addAll(List.of("-b", Long.toString(AttachOptions.BLOCK_BYTES)));
        if (options.readOnly()) {
            words.add("-R");
        }
        words.add(device.path());
        return words;
    }

    /** Command line that ends a device whatever is lost by that. */
    public static String ending(NbdDevice device) {
        return PROGRAM + " -d " + device.path();
    }
}
