package io.blkspc.cli.serve;

import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * SIGTERM, SIGINT and SIGHUP: the first asks for a clean stop, the second ends the process at once. The shutdown hooks of
 * the JVM cannot do that: they exit with the number of the signal and do not notice a second one. The JDK's own class for
 * it is reached by reflection, because the compiler refuses its name.
 */
public final class StopSignals {

    private static final Logger log = LoggerFactory.getLogger("blkspc.control");
    private static final int KILLED_EXIT_CODE = 130;

    private final Runnable stop;
    private final AtomicInteger received = new AtomicInteger();

    private StopSignals(Runnable stop) {
        this.stop = stop;
    }

    /** From now on signals call {@code stop}. */
    public static void handleWith(Runnable stop) {
        StopSignals signals = new StopSignals(stop);
        try {
            Class<?> signalType = Class.forName("sun.misc.Signal");
            Class<?> handlerType = Class.forName("sun.misc.SignalHandler");
            Object handler = Proxy.newProxyInstance(
                    StopSignals.class.getClassLoader(),
                    new Class<?>[] {handlerType},
                    (proxy, method, arguments) -> signals.invoked(proxy, method, arguments));
            Method handle = signalType.getMethod("handle", signalType, handlerType);
            for (String name : List.of("TERM", "INT", "HUP")) {
                handle.invoke(null, signalType.getConstructor(String.class).newInstance(name), handler);
            }
        } catch (ReflectiveOperationException | IllegalArgumentException unavailable) {
            Throwable cause = unavailable instanceof InvocationTargetException e ? e.getCause() : unavailable;
            log.warn("signals end this server without a clean stop, use the command stop: {}", cause.toString());
        }
    }

    @SuppressWarnings("ReferenceEquality") // this is what equals of the proxy means
    private Object invoked(Object proxy, Method method, Object... arguments) {
        return switch (method.getName()) {
            case "handle" -> {
                onSignal();
                yield null;
            }
            case "equals" -> proxy == arguments[0];
            case "hashCode" -> System.identityHashCode(proxy);
            default -> "stop signals";
        };
    }

    private void onSignal() {
        if (received.incrementAndGet() > 1) {
            Runtime.getRuntime().halt(KILLED_EXIT_CODE);
        }
        stop.run();
    }
}
