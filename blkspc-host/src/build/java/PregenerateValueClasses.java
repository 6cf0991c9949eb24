import java.io.IOException;
import java.lang.reflect.Method;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import javax.tools.JavaCompiler;
import javax.tools.JavaFileObject;
import javax.tools.SimpleJavaFileObject;
import javax.tools.StandardJavaFileManager;
import javax.tools.StandardLocation;
import javax.tools.ToolProvider;
import net.openhft.chronicle.values.ValueModel;

/**
 * Run by the build: writes the classes which Chronicle Map would otherwise generate and compile each time it starts, so that
 * opening a pool starts no compiler. Chronicle looks for a class of that name before it makes one. What is written follows
 * from the version of Chronicle on the class path; nothing of it is kept with the sources.
 *
 * <p>Argument: the directory for class files.
 */
final class PregenerateValueClasses {

    private static final List<String> INTERFACES = List.of("net.openhft.chronicle.hash.VanillaGlobalMutableState");

    private PregenerateValueClasses() {}

    public static void main(String[] args) throws ReflectiveOperationException, IOException {
        Path target = Path.of(args[0]);
        for (String name : INTERFACES) {
            String made = name + "$$Native";
            compile(made, source(Class.forName(name), made), target);
        }
    }

    /** The generator is not public: should it move, the build fails here and says so. */
    private static String source(Class<?> valueInterface, String made) throws ReflectiveOperationException {
        Method generate = Class.forName("net.openhft.chronicle.values.Generators")
                .getDeclaredMethod("generateNativeClass", ValueModel.class, String.class);
        generate.setAccessible(true);
        String simpleName = made.substring(made.lastIndexOf('.') + 1);
        return (String) generate.invoke(null, ValueModel.acquire(valueInterface), simpleName);
    }

    private static void compile(String name, String source, Path target) throws IOException {
        JavaCompiler compiler = ToolProvider.getSystemJavaCompiler();
        Files.createDirectories(target);
        try (StandardJavaFileManager files = compiler.getStandardFileManager(null, null, null)) {
            files.setLocationFromPaths(StandardLocation.CLASS_OUTPUT, List.of(target));
            JavaFileObject unit =
                    new SimpleJavaFileObject(URI.create("generated:///" + name.replace('.', '/') + ".java"), JavaFileObject.Kind.SOURCE) {
                        @Override
                        public CharSequence getCharContent(boolean ignoreEncodingErrors) {
                            return source;
                        }
                    };
            List<String> options = List.of("-proc:none", "-nowarn", "-g:none", "-classpath", System.getProperty("java.class.path"));
            if (!compiler.getTask(null, files, null, options, null, List.of(unit)).call()) {
                throw new IllegalStateException("cannot compile " + name);
            }
        }
    }
}
