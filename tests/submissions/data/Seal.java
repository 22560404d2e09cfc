import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.security.*;
import java.util.*;
import javax.crypto.Cipher;
import javax.crypto.spec.*;
import org.bouncycastle.jce.provider.BouncyCastleProvider;

/**
 * Encrypts a form with BouncyCastle (1.72), the provider of Android, by the names of the algorithms that
 * the app uses, and prints sealed.json: an answer that our own code had no part in.
 *
 * javac -cp bcprov.jar Seal.java && java -cp bcprov.jar:. Seal > sealed.json
 */
public class Seal {
    static final String RSA = "RSA/NONE/OAEPWithSHA256AndMGF1Padding";
    static final BouncyCastleProvider BC = new BouncyCastleProvider();
    static byte[] seed = new byte[16];
    static int counter = 0;

    static String b64(byte[] data) { return Base64.getEncoder().encodeToString(data); }

    static byte[] md5(byte[] data) throws Exception {
        return MessageDigest.getInstance("MD5").digest(data);
    }

    static byte[] rsa(PublicKey key, byte[] data) throws Exception {
        Cipher cipher = Cipher.getInstance(RSA, BC);
        cipher.init(Cipher.ENCRYPT_MODE, key);
        return cipher.doFinal(data);
    }

    static byte[] aes(SecretKeySpec key, byte[] plain) throws Exception {
        ++seed[counter % seed.length];
        ++counter;
        Cipher cipher = Cipher.getInstance("AES/CFB/PKCS5Padding", BC);
        cipher.init(Cipher.ENCRYPT_MODE, key, new IvParameterSpec(seed));
        return cipher.doFinal(plain);
    }

    public static void main(String[] none) throws Exception {
        KeyPairGenerator made = KeyPairGenerator.getInstance("RSA");
        made.initialize(2048);
        KeyPair pair = made.generateKeyPair();
        byte[] random = new byte[32];
        new SecureRandom().nextBytes(random);
        SecretKeySpec key = new SecretKeySpec(random, RSA);
        String id = "uuid:5f3c7d1e-0000-4000-8000-0000000000ff", form = "thu", version = "7";
        String wrapped = b64(rsa(pair.getPublic(), key.getEncoded()));
        ByteArrayOutputStream both = new ByteArrayOutputStream();
        both.write(id.getBytes(StandardCharsets.UTF_8));
        both.write(key.getEncoded());
        seed = md5(both.toByteArray());
        StringBuilder signed = new StringBuilder();
        for (String each : List.of(form, version, wrapped, id)) signed.append(each).append("\n");
        Map<String, byte[]> plain = new LinkedHashMap<>();
        plain.put("trong.bin", new byte[0]);
        plain.put("khoi.bin", "0123456789abcdef".getBytes());
        for (int n = 0; n < 20; n++) plain.put(n + ".jpg", ("anh " + n).repeat(n).getBytes());
        plain.put("submission.xml", ("<data id=\"thu\" version=\"7\"><ten>Nguyễn Thị Nhung</ten>"
            + "<meta><instanceID>" + id + "</instanceID></meta></data>").getBytes("UTF-8"));
        StringBuilder files = new StringBuilder(), media = new StringBuilder();
        StringBuilder inside = new StringBuilder();
        for (Map.Entry<String, byte[]> each : plain.entrySet()) {
            String name = each.getKey();
            String digest = HexFormat.of().formatHex(md5(each.getValue()));
            signed.append(name).append("::").append(digest).append("\n");
            String comma = files.length() > 0 ? ",\n  " : "";
            files.append(comma + "\"" + name + ".enc\": \"" + b64(aes(key, each.getValue())) + "\"");
            inside.append(comma + "\"" + name + "\": \"" + b64(each.getValue()) + "\"");
            if (!name.equals("submission.xml")) {
                media.append("<media><file>" + name + ".enc</file></media>");
            }
        }
        byte[] text = signed.toString().getBytes(StandardCharsets.UTF_8);
        String manifest = "<data xmlns=\"http://www.opendatakit.org/xforms/encrypted\" encrypted=\"yes\""
            + " id=\"thu\" version=\"7\"><base64EncryptedKey>" + wrapped + "</base64EncryptedKey>"
            + "<orx:meta xmlns:orx=\"http://openrosa.org/xforms\"><orx:instanceID>" + id
            + "</orx:instanceID></orx:meta>" + media
            + "<encryptedXmlFile>submission.xml.enc</encryptedXmlFile>"
            + "<base64EncryptedElementSignature>" + b64(rsa(pair.getPublic(), md5(text)))
            + "</base64EncryptedElementSignature></data>";
        System.out.println("{\n \"private_key\": \"" + b64(pair.getPrivate().getEncoded())
            + "\",\n \"manifest\": \"" + b64(manifest.getBytes(StandardCharsets.UTF_8))
            + "\",\n \"files\": {\n  " + files + "\n },\n \"plain\": {\n  " + inside + "\n }\n}");
    }
}
