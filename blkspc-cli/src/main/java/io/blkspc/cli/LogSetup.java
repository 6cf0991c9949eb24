package io.blkspc.cli;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.LoggerContext;
import ch.qos.logback.classic.PatternLayout;
import ch.qos.logback.classic.spi.Configurator;
import ch.qos.logback.classic.spi.ConfiguratorRank;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.ConsoleAppender;
import ch.qos.logback.core.encoder.LayoutWrappingEncoder;
import ch.qos.logback.core.spi.ContextAwareBase;

/**
 * Logging of the command: to standard error, warnings only; {@code -v} adds what the pool decides, {@code -vv} all. Found by
 * logback through META-INF/services; in code, because reading an XML file costs a fifth of a second at each start.
 */
@ConfiguratorRank(ConfiguratorRank.CUSTOM_HIGH_PRIORITY)
public final class LogSetup extends ContextAwareBase implements Configurator {

    /** For logback. */
    public LogSetup() {}

    @Override
    public ExecutionStatus configure(LoggerContext context) {
        int verbosity = Integer.getInteger("blkspc.verbosity", 0);
        PatternLayout layout = new PatternLayout();
        layout.setContext(context);
        layout.setPattern(
                verbosity == 0 ? "blkspc: %level: %msg%n%nopex" : "%d{HH:mm:ss.SSS} %-5level %logger{0}: %msg%n");
        layout.start();
        LayoutWrappingEncoder<ILoggingEvent> encoder = new LayoutWrappingEncoder<>();
        encoder.setContext(context);
        encoder.setLayout(layout);
        encoder.start();
        ConsoleAppender<ILoggingEvent> appender = new ConsoleAppender<>();
        appender.setContext(context);
        appender.setTarget("System.err");
        appender.setEncoder(encoder);
        appender.start();
        context.getLogger("ROOT").addAppender(appender);
        context.getLogger("ROOT").setLevel(Level.WARN);
        context.getLogger("net.openhft").setLevel(verbosity > 1 ? Level.INFO : Level.ERROR);
        context.getLogger("io.blkspc").setLevel(levelOf(verbosity));
        context.getLogger("blkspc").setLevel(levelOf(verbosity));
        return ExecutionStatus.DO_NOT_INVOKE_NEXT_IF_ANY;
    }

    private static Level levelOf(int verbosity) {
        return verbosity == 0 ? Level.WARN : verbosity == 1 ? Level.INFO : Level.DEBUG;
    }
}
