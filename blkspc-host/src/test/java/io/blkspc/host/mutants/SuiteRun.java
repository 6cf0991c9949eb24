package io.blkspc.host.mutants;

import java.util.ArrayList;
import java.util.List;
import org.junit.platform.engine.DiscoverySelector;
import org.junit.platform.engine.TestExecutionResult;
import org.junit.platform.engine.TestExecutionResult.Status;
import org.junit.platform.engine.discovery.DiscoverySelectors;
import org.junit.platform.engine.support.descriptor.ClassSource;
import org.junit.platform.engine.support.descriptor.MethodSource;
import org.junit.platform.launcher.LauncherDiscoveryRequest;
import org.junit.platform.launcher.TestExecutionListener;
import org.junit.platform.launcher.TestIdentifier;
import org.junit.platform.launcher.core.LauncherDiscoveryRequestBuilder;
import org.junit.platform.launcher.core.LauncherFactory;

/**
 * Runs the named tests, in this order, until one fails: {@code Class} or {@code Class#method}, below {@code io.blkspc.host}.
 * Says which one failed and why, in one line; exit code 3 then, 0 when all pass, 2 when there was nothing to run.
 */
public final class SuiteRun {

    static final int FAILED = 3; // not 1, which the virtual machine uses itself
    static final int PASSED = 0;
    static final int NOTHING = 2;

    private static final String PACKAGE = "io.blkspc.host.";

    private SuiteRun() {}

    public static void main(String[] tests) {
        int run = 0;
        for (String test : tests) {
            run += run(test);
        }
        System.out.println("ran=" + run);
        System.exit(run == 0 ? NOTHING : PASSED);
    }

    /** Runs one class or method; ends the process at the first failure. */
    private static int run(String test) {
        List<DiscoverySelector> selectors = new ArrayList<>();
        selectors.add(
                test.indexOf('#') < 0
                        ? DiscoverySelectors.selectClass(PACKAGE + test)
                        : DiscoverySelectors.selectMethod(PACKAGE + test));
        LauncherDiscoveryRequest request = LauncherDiscoveryRequestBuilder.request()
                .selectors(selectors)
                .configurationParameter("jqwik.database", System.getProperty("java.io.tmpdir") + "/jqwik-mutants")
                .build();
        Listener listener = new Listener();
        LauncherFactory.create().execute(request, listener);
        return listener.run;
    }

    private static final class Listener implements TestExecutionListener {
        int run;

        @Override
        public void executionFinished(TestIdentifier test, TestExecutionResult result) {
            run += test.isTest() ? 1 : 0;
            if (result.getStatus() == Status.FAILED) {
                String why = result.getThrowable().map(Throwable::toString).orElse("");
                System.out.println("KILLED-BY " + name(test) + ": "
                        + why.lines().findFirst().orElse(""));
                System.exit(FAILED); // later tests say nothing more, and may hang
            }
        }

        private static String name(TestIdentifier test) {
            return test.getSource()
                    .map(source -> switch (source) {
                        case MethodSource method ->
                            method.getClassName().replaceFirst(".*\\.", "") + "#" + method.getMethodName();
                        case ClassSource type -> type.getClassName().replaceFirst(".*\\.", "");
                        default -> test.getDisplayName();
                    })
                    .orElse(test.getDisplayName());
        }
    }
}
