import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.classfile.ClassFile;
import java.lang.classfile.ClassFile.ClassHierarchyResolverOption;
import java.lang.classfile.ClassFile.ConstantPoolSharingOption;
import java.lang.classfile.ClassFile.StackMapsOption;
import java.lang.classfile.ClassFileVersion;
import java.lang.classfile.ClassHierarchyResolver;
import java.lang.classfile.ClassModel;
import java.lang.classfile.ClassTransform;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Collections;
import java.util.jar.JarEntry;
import java.util.jar.JarFile;
import java.util.jar.JarOutputStream;
import java.util.zip.Deflater;

/**
 * Run by the build on the runnable jar: gives old class files of a library a format that the JVM's cache for a faster start
 * takes. Classes compiled for Java 5 are left out of the cache (JEP 483): they would be read from the jar, and verified, at the
 * start of every command. The code stays as it is; what the newer format asks for beside it, stack maps, is computed.
 *
 * <p>Arguments: the jar, which is replaced, and the folder in it, such as {@code picocli/}.
 */
final class RenewClassFiles {

    /** From here on the verifier wants stack maps, and the cache takes a class. */
    private static final int FORMAT = ClassFile.JAVA_17_VERSION;

    private final ClassFile files;

    private RenewClassFiles(ClassLoader others) {
        files = ClassFile.of(
                ConstantPoolSharingOption.NEW_POOL, // else code is copied as it is, without stack maps
                StackMapsOption.GENERATE_STACK_MAPS,
                ClassHierarchyResolverOption.of(ClassHierarchyResolver.ofResourceParsing(others)
                        .orElse(ClassHierarchyResolver.defaultResolver())));
    }

    public static void main(String[] args) throws IOException {
        Path jar = Path.of(args[0]);
        Path renewed = jar.resolveSibling(jar.getFileName() + ".renewed");
        int count = 0;
        try (JarFile from = new JarFile(jar.toFile());
                URLClassLoader inside = new URLClassLoader(new URL[] {jar.toUri().toURL()}, null);
                JarOutputStream to = new JarOutputStream(Files.newOutputStream(renewed))) {
            RenewClassFiles renewing = new RenewClassFiles(inside);
            to.setLevel(Deflater.BEST_COMPRESSION);
            for (JarEntry entry : Collections.list(from.entries())) {
                byte[] bytes = from.getInputStream(entry).readAllBytes();
                if (entry.getName().startsWith(args[1]) && entry.getName().endsWith(".class")) {
                    bytes = renewing.renewed(entry.getName(), bytes);
                    count++;
                }
                JarEntry copy = new JarEntry(entry.getName());
                copy.setTime(entry.getTime()); // the same jar from the same sources
                to.putNextEntry(copy);
                to.write(bytes);
                to.closeEntry();
            }
        } catch (UncheckedIOException e) {
            throw e.getCause();
        }
        if (count == 0) {
            throw new IllegalStateException("nothing to renew: jar=" + jar + ", folder=" + args[1]);
        }
        Files.move(renewed, jar, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    }

    private byte[] renewed(String name, byte[] bytes) {
        ClassModel old = files.parse(bytes);
        if (old.majorVersion() >= FORMAT) {
            return bytes;
        }
        ClassTransform format = (builder, element) -> {
            if (element instanceof ClassFileVersion) {
                builder.withVersion(FORMAT, 0);
            } else {
                builder.with(element);
            }
        };
        byte[] made = files.transformClass(
                old, format.andThen(ClassTransform.transformingMethodBodies((builder, element) -> builder.with(element))));
        var mistakes = files.verify(made);
        if (!mistakes.isEmpty()) {
            throw new IllegalStateException(name + " would not be verified: " + mistakes.getFirst());
        }
        return made;
    }
}
