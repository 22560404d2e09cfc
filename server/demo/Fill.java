// Fills an XForm with JavaRosa, the engine inside ODK Collect, and writes what a phone would send.
//
//   java -cp fill.jar:ODK_Validate.jar Fill job.json
//
// ODK_Validate.jar comes with pyxform and holds JavaRosa, kxml and Jackson. The job file says all:
//   form, media, out   the XForm, the folder of its media files, the folder to write into
//   auto               what to invent for questions without a given answer: all, required or none
//   seed               of the invented answers; repeats: how many rounds of a repeat to invent
//   fills              one object of given answers per filled form (keys: see below)
//   deviceId, username, phone, email, language, gps, previous, lenient, photoBytes   optional
//
// Keys of given answers: a path (/data/id/visit, /data/rep[2]/item) or any tail of it (visit,
// rep[2]/item); "count:rep" says how many rounds, "skip:item" leaves a question unanswered,
// "set:start" overwrites a node at the very end, "@start" moves the phone's clock to that instant.
//
// Every filled form has a folder of its own under out; one line of JSON per form goes to stdout.
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.awt.image.BufferedImage;
import java.io.*;
import java.nio.charset.StandardCharsets;
import java.nio.file.*;
import java.time.OffsetDateTime;
import java.util.*;
import javax.imageio.ImageIO;
import org.javarosa.core.model.*;
import org.javarosa.core.model.actions.recordaudio.RecordAudioActions;
import org.javarosa.core.model.actions.setgeopoint.*;
import org.javarosa.core.model.condition.*;
import org.javarosa.core.model.data.*;
import org.javarosa.core.model.data.helper.Selection;
import org.javarosa.core.model.instance.*;
import org.javarosa.core.reference.*;
import org.javarosa.core.services.*;
import org.javarosa.core.services.properties.IPropertyRules;
import org.javarosa.core.services.transport.payload.ByteArrayPayload;
import org.javarosa.core.util.JavaRosaCoreModule;
import org.javarosa.core.util.PropertyUtils;
import org.javarosa.form.api.*;
import org.javarosa.model.xform.*;
import org.javarosa.xform.parse.XFormParser;
import org.javarosa.xform.util.*;
import org.javarosa.xpath.expr.XPathFuncExpr;

public class Fill {
    static final ObjectMapper json = new ObjectMapper();
    static JsonNode job;

    static String opt(String key, String otherwise) {
        JsonNode v = job.path(key);
        return v.isMissingNode() || v.isNull() ? otherwise : v.asText();
    }

    public static void main(String[] args) throws Exception {
        PrintStream reports = new PrintStream(System.out, true, StandardCharsets.UTF_8);
        System.setOut(System.err); // libraries chat on stdout; keep it for the reports
        job = json.readTree(new File(args[0]));
        setUpEngine();
        long seed = Long.parseLong(opt("seed", "1"));
        int n = 0;
        for (JsonNode answers : job.path("fills")) {
            ObjectNode report = json.createObjectNode();
            try {
                new Fill(answers, new Random(seed * 7919L + n), n, report).run();
            } catch (Throwable t) {
                report.put("ok", false);
                report.put("error", t.getClass().getSimpleName() + ": " + t.getMessage());
            }
            reports.println(json.writeValueAsString(report));
            n++;
        }
        System.exit(0);
    }

    // ---------------------------------------------------------------- engine set-up
    static void setUpEngine() {
        Map<String, String> p = new HashMap<>();
        prop(p, "deviceid", "", opt("deviceId", "collect:abcdefghijklmnop"));
        prop(p, "username", "username", opt("username", ""));
        prop(p, "phonenumber", "tel", opt("phone", ""));
        prop(p, "email", "mailto", opt("email", ""));
        PropertyManager.setPropertyManager(new IPropertyManager() {
            public List<String> getProperty(String n) { return List.of(); }
            public void setProperty(String n, String v) { }
            public void setProperty(String n, List<String> v) { }
            public String getSingularProperty(String n) { return p.getOrDefault(n.toLowerCase(Locale.ROOT), ""); }
            public void addRules(IPropertyRules r) { }
            public List<IPropertyRules> getRules() { return List.of(); }
        });
        PrototypeManager.registerPrototypes(JavaRosaCoreModule.classNames);
        PrototypeManager.registerPrototypes(CoreModelModule.classNames);
        new XFormsModule().registerModule();
        XFormParser.registerActionHandler(SetGeopointActionHandler.ELEMENT_NAME, new SetGeopointActionHandler() {
            public SetGeopointAction getSetGeopointAction() { return new FixedLocation(); }
        });
        File media = new File(opt("media", "."));
        ReferenceManager rm = ReferenceManager.instance();
        rm.reset();
        rm.addReferenceFactory(new ReferenceFactory() {
            public boolean derives(String uri) { return uri.startsWith("jr://"); }
            public Reference derive(String uri) { return new MediaRef(uri, media); }
            public Reference derive(String uri, String context) { return derive(uri); }
        });
    }

    static void prop(Map<String, String> p, String name, String scheme, String v) {
        if (!v.isBlank()) { p.put(name, v); p.put("uri:" + name, scheme + ":" + v); }
    }

    public static class FixedLocation extends SetGeopointAction {
        public void requestLocationUpdates() { saveLocationValue(opt("gps", "22.8233 104.9836 120.0 8.0")); }
    }

    static class MediaRef implements Reference {
        final String uri; final File file;
        MediaRef(String uri, File dir) {
            this.uri = uri;
            String rest = uri.substring("jr://".length());
            this.file = new File(dir, rest.substring(rest.indexOf('/') + 1));
        }
        public boolean doesBinaryExist() { return file.exists(); }
        public InputStream getStream() throws IOException { return new FileInputStream(file); }
        public String getURI() { return uri; }
        public String getLocalURI() { return file.getPath(); }
        public boolean isReadOnly() { return true; }
        public OutputStream getOutputStream() { throw new UnsupportedOperationException(); }
        public void remove() { }
        public Reference[] probeAlternativeReferences() { return new Reference[0]; }
    }

    // ---------------------------------------------------------------- one submission
    final JsonNode answers; final Random rnd; final int ordinal; final ObjectNode report;
    final Set<String> unused = new TreeSet<>();
    final List<String[]> audit = new ArrayList<>();
    final List<Runnable> deferredAudio = new ArrayList<>();
    final long begun = System.currentTimeMillis();
    FormDef form; FormEntryController fec; FormEntryModel model; Path dir;
    long clock = begun, startedAt = begun;

    Fill(JsonNode answers, Random rnd, int ordinal, ObjectNode report) {
        this.answers = answers; this.rnd = rnd; this.ordinal = ordinal; this.report = report;
        answers.fieldNames().forEachRemaining(k -> { if (!k.startsWith("@")) unused.add(k); });
        if (answers.has("@start"))
            clock = startedAt = OffsetDateTime.parse(answers.get("@start").asText()).toInstant().toEpochMilli();
    }

    void run() throws Exception {
        load();
        String previous = opt("previous", null);
        begin(previous);
        if (job.path("language").isTextual()) fec.setLanguage(opt("language", null));
        for (Runnable r : deferredAudio) r.run();
        ArrayNode problems = report.putArray("problems");
        walk(report.putArray("answers"), problems);
        report.put("valid", check(problems));
        fec.finalizeFormEntry();
        if (previous != null) deprecate();
        finishAudit();
        moveClock(form.getInstance().getRoot(), System.currentTimeMillis());
        overwrite(problems);
        write();
        ArrayNode left = report.putArray("unused");
        unused.forEach(left::add);
        report.put("ok", problems.isEmpty());
    }

    void load() throws Exception {
        File media = new File(opt("media", "."));
        File lastSaved = new File(media, "last-saved.xml");
        if (!lastSaved.exists()) Files.writeString(lastSaved.toPath(), "<?xml version='1.0' ?><stub />");
        RecordAudioActions.setRecordAudioListener((target, quality) -> deferredAudio.add(() -> {
            try { setNode(target, newFile("m4a", noise(4000))); } catch (IOException e) { throw new UncheckedIOException(e); }
        }));
        form = XFormUtils.getFormFromFormXml(new File(opt("form", "form.xml")).getAbsolutePath(), "jr://file/last-saved.xml");
        if (form == null) throw new IllegalStateException("the form could not be parsed");
        fec = new FormEntryController(new FormEntryModel(form));
        fec.addFunctionHandler(new PullData(media));
        model = fec.getModel();
        dir = Files.createDirectories(Path.of(opt("out", "out"), String.valueOf(ordinal)));
    }

    void begin(String previous) throws IOException {
        if (previous != null) {
            restore(Files.readAllBytes(Path.of(previous)));
            for (JsonNode f : job.path("previousFiles")) { // a phone sends the old photos along again
                Path old = Path.of(f.asText());
                Files.copy(old, dir.resolve(old.getFileName().toString()), StandardCopyOption.REPLACE_EXISTING);
            }
        }
        form.initialize(previous == null, new InstanceInitializationFactory());
        event(previous == null ? "form start" : "form resume", "");
    }

    boolean check(ArrayNode problems) {
        ValidateOutcome bad = form.validate();
        if (bad == null) return true;
        problem(problems, path(bad.failedPrompt.getReference()),
            bad.outcome == FormEntryController.ANSWER_REQUIRED_BUT_EMPTY ? "required but empty" : "constraint violated");
        return false;
    }

    static void problem(ArrayNode problems, String path, String reason) {
        for (JsonNode p : problems) if (p.path("path").asText().equals(path)) return; // the first cause is the true one
        problems.addObject().put("path", path).put("reason", reason);
    }

    // The engine asks the system for the time; whatever it wrote during this run moves to the phone's clock.
    void moveClock(TreeElement e, long finished) {
        for (int i = 0; i < e.getNumChildren(); i++) moveClock(e.getChildAt(i), finished);
        if (startedAt == begun || e.getValue() == null) return;
        boolean preloaded = "timestamp".equals(e.getPreloadHandler());
        if (preloaded) e.setAnswer(new DateTimeData(new Date("end".equals(e.getPreloadParams()) ? clock : startedAt)));
        else if ("date".equals(e.getPreloadHandler())) e.setAnswer(new DateData(new Date(startedAt)));
        else if (e.getValue() instanceof DateTimeData) {
            long at = ((Date) e.getValue().getValue()).getTime();
            if (at >= begun - 1000 && at <= finished + 1000) e.setAnswer(new DateTimeData(new Date(startedAt + 60_000)));
        }
    }

    void overwrite(ArrayNode problems) {
        answers.fields().forEachRemaining(given -> {
            if (!given.getKey().startsWith("set:")) return;
            String wanted = given.getKey().substring(4);
            List<TreeElement> found = new ArrayList<>();
            collect(form.getInstance().getRoot(), "/" + form.getInstance().getRoot().getName(), wanted, found);
            if (found.isEmpty()) problem(problems, wanted, "no such node to set");
            for (TreeElement e : found) e.setAnswer(new StringData(given.getValue().asText()));
            unused.remove(given.getKey());
        });
    }

    static void collect(TreeElement e, String path, String wanted, List<TreeElement> found) {
        for (int i = 0; i < e.getNumChildren(); i++) {
            TreeElement child = e.getChildAt(i);
            String at = path + "/" + child.getName();
            if (at.equals(wanted) || at.endsWith("/" + wanted)) found.add(child);
            collect(child, at, wanted, found);
        }
    }

    void write() throws IOException {
        XFormSerializingVisitor visitor = new XFormSerializingVisitor(); // leaves out everything irrelevant
        byte[] xml = bytes(visitor.createSerializedPayload(form.getInstance(), submissionRef()));
        Files.write(dir.resolve("submission.xml"), xml);
        // what "last saved" would hold on the phone (irrelevant nodes kept)
        byte[] full = bytes(new XFormSerializingVisitor(false).createSerializedPayload(form.getInstance()));
        Files.write(Path.of(opt("media", "."), "last-saved.xml"), full);
        report.put("dir", dir.toAbsolutePath().toString());
        for (String name : new String[]{"instanceID", "instanceName", "deprecatedID"}) report.put(name, metaText(name));
        report.put("formId", attr("id"));
        report.put("version", attr("version"));
    }

    static byte[] bytes(Object payload) throws IOException {
        return ((ByteArrayPayload) payload).getPayloadStream().readAllBytes();
    }

    String attr(String n) { return form.getInstance().getRoot().getAttributeValue(null, n); }

    IDataReference submissionRef() {
        SubmissionProfile p = form.getSubmissionProfile();
        return p == null || p.getRef() == null ? new XPathReference("/") : p.getRef();
    }

    void restore(byte[] bytes) {
        TreeElement saved = XFormParser.restoreDataModel(bytes, null).getRoot();
        TreeElement root = form.getInstance().getRoot().deepCopy(true);
        if (!saved.getName().equals(root.getName())) throw new IllegalStateException("submission is of another form");
        root.populate(saved, form);
        form.getInstance().setName(null);
        form.getInstance().setRoot(root);
    }

    TreeElement meta() { return form.getInstance().getRoot().getFirstChild("meta"); }

    String metaText(String n) {
        TreeElement m = meta() == null ? null : meta().getFirstChild(n);
        return m == null || m.getValue() == null ? null : m.getValue().getDisplayText();
    }

    void deprecate() {
        TreeElement id = meta().getFirstChild("instanceID");
        TreeElement dep = meta().getFirstChild("deprecatedID");
        if (dep == null) { dep = new TreeElement("deprecatedID"); meta().addChild(dep); }
        dep.setAnswer(id.getValue());
        id.setAnswer(new StringData("uuid:" + PropertyUtils.genUUID()));
    }

    // ---------------------------------------------------------------- walking the form
    void walk(ArrayNode log, ArrayNode problems) throws IOException {
        fec.jumpToIndex(FormIndex.createBeginningOfFormIndex());
        int guard = 0, ev;
        while ((ev = fec.stepToNextEvent()) != FormEntryController.EVENT_END_OF_FORM) {
            if (++guard > 200_000) throw new IllegalStateException("the form does not end");
            FormIndex at = model.getFormIndex();
            if (ev == FormEntryController.EVENT_PROMPT_NEW_REPEAT) {
                TreeReference ref = at.getReference();
                String specific = pathOfParent(ref) + "/" + ref.getNameLast();
                JsonNode given = given("count:", specific, ref.genericize().toString(false));
                int want = given != null ? given.asInt()
                    : opt("auto", "all").equals("all") ? Integer.parseInt(opt("repeats", "2")) : 0;
                if (ref.getMultLast() < want) { fec.newRepeat(); event("add repeat", path(model.getFormIndex().getReference())); }
            } else if (ev == FormEntryController.EVENT_REPEAT) {
                TreeReference ref = at.getReference();
                JsonNode count = given("count:", pathOfParent(ref) + "/" + ref.getNameLast(), ref.genericize().toString(false));
                if (count != null && ref.getMultLast() >= count.asInt()) { // a form opens with one round
                    event("delete repeat", path(ref));
                    fec.jumpToIndex(fec.deleteRepeat(at));
                }
            } else if (ev == FormEntryController.EVENT_QUESTION) {
                question(at, log, problems);
            }
        }
        event("end screen", "");
    }

    void question(FormIndex at, ArrayNode log, ArrayNode problems) throws IOException {
        FormEntryPrompt q = model.getQuestionPrompt(at);
        String specific = path(at.getReference()), generic = at.getReference().genericize().toString(false);
        if (q.isReadOnly()) return;
        JsonNode skipped = given("skip:", specific, generic);
        if (skipped != null && skipped.asBoolean()) return;
        JsonNode given = given("", specific, generic);
        String mode = opt("auto", "all");
        boolean invent = given == null && q.getAnswerValue() == null
            && (mode.equals("all") || (mode.equals("required") && q.isRequired()));
        if (given == null && !invent) return;
        for (int attempt = 0; ; attempt++) {
            String text = given != null ? given.asText() : null;
            IAnswerData data;
            try {
                data = given != null ? fromText(q, text) : invented(q, attempt);
            } catch (RuntimeException e) {
                problem(problems, specific, e.getMessage());
                return;
            }
            if (data == null && given == null) return;
            int outcome = fec.answerQuestion(at, data, true);
            if (outcome == FormEntryController.ANSWER_OK) {
                ObjectNode row = log.addObject();
                row.put("path", specific);
                row.put("value", data == null ? null : data.uncast().getString());
                long from = clock; clock += startedAt == begun ? 200 : 6000 + rnd.nextInt(20000); // a person takes her time
                audit.add(new String[]{"question", specific, "" + from, "" + clock, data == null ? "" : data.getDisplayText()});
                return;
            }
            if (given != null || attempt >= 59) {
                problem(problems, specific, outcome == FormEntryController.ANSWER_CONSTRAINT_VIOLATED
                    ? "constraint violated by '" + (data == null ? "" : data.getDisplayText()) + "'" : "required but empty");
                return;
            }
        }
    }

    // A key is the whole path or any tail of it, with or without the numbers of repeats.
    JsonNode given(String prefix, String specific, String generic) {
        for (String path : new String[]{specific, generic}) {
            for (int from = 0; from >= 0; from = path.indexOf('/', from + 1)) {
                for (String tail : new String[]{path.substring(from), path.substring(from + 1)}) {
                    String key = prefix + tail;
                    if (answers.has(key)) { unused.remove(key); return answers.get(key); }
                }
            }
        }
        return null;
    }

    IAnswerData fromText(FormEntryPrompt q, String text) throws IOException {
        if (text == null || text.isEmpty()) return null;
        int c = q.getControlType();
        if (c == Constants.CONTROL_SELECT_ONE) return new SelectOneData(choice(q, text));
        if (c == Constants.CONTROL_SELECT_MULTI || c == Constants.CONTROL_RANK) {
            List<Selection> s = new ArrayList<>();
            for (String v : text.trim().split("\\s+")) s.add(choice(q, v));
            return new MultipleItemsData(s);
        }
        if (isBinary(c)) {
            Path src = Path.of(text);
            if (!Files.exists(src)) throw new IllegalArgumentException("no such file " + text);
            String name = src.getFileName().toString();
            return new StringData(newFile(name.substring(name.lastIndexOf('.') + 1), Files.readAllBytes(src)));
        }
        if (q.getDataType() == Constants.DATATYPE_INTEGER) return new IntegerData(Integer.parseInt(text.trim()));
        return XFormAnswerDataParser.getAnswerData(text, q.getDataType(), q.getQuestion());
    }

    Selection choice(FormEntryPrompt q, String value) {
        for (SelectChoice ch : q.getSelectChoices()) if (ch.getValue().equals(value)) return ch.selection();
        throw new IllegalArgumentException("'" + value + "' is not among the " + q.getSelectChoices().size() + " choices offered");
    }

    static boolean isBinary(int c) {
        return c == Constants.CONTROL_IMAGE_CHOOSE || c == Constants.CONTROL_AUDIO_CAPTURE
            || c == Constants.CONTROL_VIDEO_CAPTURE || c == Constants.CONTROL_FILE_CAPTURE || c == Constants.CONTROL_UPLOAD
            || c == Constants.CONTROL_OSM_CAPTURE;
    }

    static final String[] SURNAMES = {"Nguyễn", "Trần", "Lê", "Phạm", "Hoàng", "Vàng", "Giàng", "Lò", "Thào", "Đặng"};
    static final String[] GIVEN = {"Văn An", "Thị Bích", "A Páo", "Thị Mỷ", "Đức Cường", "Thị Ước", "Seo Chúng", "Quốc Đạt"};

    IAnswerData invented(FormEntryPrompt q, int attempt) throws IOException {
        int c = q.getControlType(), t = q.getDataType();
        if (c == Constants.CONTROL_SELECT_ONE || c == Constants.CONTROL_SELECT_MULTI || c == Constants.CONTROL_RANK) {
            List<SelectChoice> cs = q.getSelectChoices();
            if (cs.isEmpty()) return null;
            if (c == Constants.CONTROL_SELECT_ONE) return new SelectOneData(cs.get(rnd.nextInt(cs.size())).selection());
            List<Selection> sel = new ArrayList<>();
            for (SelectChoice ch : cs) if (c == Constants.CONTROL_RANK || rnd.nextInt(100) < 45) sel.add(ch.selection());
            if (sel.isEmpty()) sel.add(cs.get(rnd.nextInt(cs.size())).selection());
            if (c == Constants.CONTROL_RANK) Collections.shuffle(sel, rnd);
            return new MultipleItemsData(sel);
        }
        if (c == Constants.CONTROL_TRIGGER) return new StringData("OK");
        if (c == Constants.CONTROL_IMAGE_CHOOSE) return new StringData(newFile("jpg", jpeg(Integer.parseInt(opt("photoBytes", "20000")))));
        if (c == Constants.CONTROL_AUDIO_CAPTURE) return new StringData(newFile("m4a", noise(6000)));
        if (c == Constants.CONTROL_VIDEO_CAPTURE) return new StringData(newFile("mp4", noise(9000)));
        if (isBinary(c)) return new StringData(newFile("pdf", "%PDF-1.4\n%%EOF\n".getBytes(StandardCharsets.US_ASCII)));
        if (c == Constants.CONTROL_RANGE && q.getQuestion() instanceof RangeQuestion) {
            RangeQuestion r = (RangeQuestion) q.getQuestion();
            double lo = r.getRangeStart().doubleValue(), hi = r.getRangeEnd().doubleValue(), st = Math.abs(r.getRangeStep().doubleValue());
            int steps = (int) Math.round(Math.abs(hi - lo) / st);
            double v = Math.min(lo, hi) + rnd.nextInt(steps + 1) * st;
            return t == Constants.DATATYPE_INTEGER ? new IntegerData((int) v) : new DecimalData(v);
        }
        switch (t) {
            case Constants.DATATYPE_INTEGER: return new IntegerData(attempt < 40
                ? rnd.nextInt(new int[]{6, 20, 100, 3000}[attempt / 10]) + (attempt == 0 ? 1 : 0) : 10 * rnd.nextInt(attempt == 40 ? 1 : 12));
            case Constants.DATATYPE_DECIMAL: return new DecimalData(attempt == 40 ? 0
                : Math.round(rnd.nextDouble() * new int[]{10, 100, 10000, 10000000, 1, 1}[attempt / 10] * 100) / 100.0);
            case Constants.DATATYPE_DATE: return XFormAnswerDataParser.getAnswerData(String.format("%04d-%02d-%02d",
                (attempt > 20 ? 2060 : 1950) + rnd.nextInt(70), 1 + rnd.nextInt(12), 1 + rnd.nextInt(28)), t, q.getQuestion());
            case Constants.DATATYPE_TIME: return XFormAnswerDataParser.getAnswerData(String.format("%02d:%02d:00.000+07:00", 7 + rnd.nextInt(10), rnd.nextInt(60)), t, q.getQuestion());
            case Constants.DATATYPE_DATE_TIME: return XFormAnswerDataParser.getAnswerData("2025-0" + (1 + rnd.nextInt(9)) + "-15T08:30:00.000+07:00", t, q.getQuestion());
            case Constants.DATATYPE_GEOPOINT: return XFormAnswerDataParser.getAnswerData(point(), t, q.getQuestion());
            case Constants.DATATYPE_GEOTRACE: return XFormAnswerDataParser.getAnswerData(point() + ";" + point() + ";" + point(), t, q.getQuestion());
            case Constants.DATATYPE_GEOSHAPE: { String p = point(); return XFormAnswerDataParser.getAnswerData(p + ";" + point() + ";" + point() + ";" + p, t, q.getQuestion()); }
            case Constants.DATATYPE_BARCODE: return new StringData("893" + (1000000000L + rnd.nextInt(1000000000)));
            case Constants.DATATYPE_BOOLEAN: return new BooleanData(rnd.nextBoolean());
            default:
                if (attempt > 20) return new StringData(String.format("0%d%08d", 3 + rnd.nextInt(7), rnd.nextInt(100000000)));
                if (attempt > 10) return new StringData(String.format("%012d", Math.abs(rnd.nextLong()) % 1000000000000L));
                return new StringData(SURNAMES[rnd.nextInt(SURNAMES.length)] + " " + GIVEN[rnd.nextInt(GIVEN.length)]);
        }
    }

    String point() {
        return String.format(Locale.ROOT, "%.7f %.7f %.1f %.1f", 22.0 + rnd.nextDouble(), 104.5 + rnd.nextDouble(), 100 + 900 * rnd.nextDouble(), 3 + 10 * rnd.nextDouble());
    }

    String newFile(String ext, byte[] bytes) throws IOException {
        Path f;
        do f = dir.resolve((clock++) + "." + ext); while (Files.exists(f));
        Files.write(f, bytes);
        return f.getFileName().toString();
    }

    byte[] noise(int n) { byte[] b = new byte[n]; rnd.nextBytes(b); return b; }

    byte[] jpeg(int atLeast) throws IOException {
        BufferedImage im = new BufferedImage(320, 240, BufferedImage.TYPE_INT_RGB);
        for (int x = 0; x < 320; x++) for (int y = 0; y < 240; y++) im.setRGB(x, y, rnd.nextInt(0x1000000));
        ByteArrayOutputStream b = new ByteArrayOutputStream();
        ImageIO.write(im, "jpg", b);
        byte[] body = b.toByteArray();
        if (body.length >= atLeast) return body;
        // pad with JPEG comment segments right after the SOI marker: still a valid picture
        ByteArrayOutputStream o = new ByteArrayOutputStream();
        o.write(body, 0, 2);
        for (int left = atLeast - body.length; left > 0; ) {
            int payload = Math.min(65000, Math.max(1, left - 4));
            o.write(0xFF); o.write(0xFE); o.write((payload + 2) >> 8); o.write((payload + 2) & 0xFF);
            o.write(noise(payload)); left -= payload + 4;
        }
        o.write(body, 2, body.length - 2);
        return o.toByteArray();
    }

    void setNode(TreeReference ref, String value) {
        TreeElement e = form.getInstance().resolveReference(ref);
        if (e != null) e.setAnswer(new StringData(value));
    }

    // ---------------------------------------------------------------- audit log
    void event(String name, String node) { audit.add(new String[]{name, node, "" + (clock += 5), "", null}); }

    void finishAudit() throws IOException {
        TreeElement a = meta() == null ? null : meta().getFirstChild("audit");
        if (a == null) return;
        String ns = "http://www.opendatakit.org/xforms";
        boolean loc = a.getBindAttributeValue(ns, "location-priority") != null;
        boolean changes = "true".equals(a.getBindAttributeValue(ns, "track-changes"));
        boolean who = "true".equals(a.getBindAttributeValue(ns, "identify-user"));
        event("form save", ""); event("form exit", ""); event("form finalize", "");
        StringBuilder b = new StringBuilder("event,node,start,end");
        if (loc) b.append(",latitude,longitude,accuracy");
        if (changes) b.append(",old-value,new-value");
        if (who) b.append(",user");
        b.append('\n');
        String[] g = opt("gps", "22.8233 104.9836 120.0 8.0").split(" ");
        for (String[] r : audit) {
            b.append(r[0]).append(',').append(r[1]).append(',').append(r[2]).append(',').append(r[3]);
            if (loc) b.append(',').append(g[0]).append(',').append(g[1]).append(',').append(g[3]);
            if (changes) b.append(",,").append(r[4] == null ? "" : csv(r[4]));
            if (who) b.append(',').append(csv(opt("username", "enumerator")));
            b.append('\n');
        }
        Files.writeString(dir.resolve("audit.csv"), b.toString(), StandardCharsets.UTF_8);
        a.setValue(new StringData("audit.csv"));
    }

    static String csv(String v) {
        return v.contains(",") || v.contains("\n") ? "\"" + v.replace("\"", "\"\"") + "\"" : v;
    }

    // ---------------------------------------------------------------- paths
    String path(TreeReference ref) {
        StringBuilder b = new StringBuilder();
        for (int i = 0; i < ref.size(); i++) {
            b.append('/').append(ref.getName(i));
            TreeElement e = form.getInstance().getTemplatePath(ref.getSubReference(i));
            if (e != null && e.isRepeatable()) b.append('[').append(ref.getMultiplicity(i) + 1).append(']');
        }
        return b.toString();
    }

    String pathOfParent(TreeReference ref) {
        TreeReference p = ref.getParentRef();
        return p == null || p.size() == 0 ? "" : path(p);
    }

    // pulldata('file', 'wanted', 'key column', 'key'): done by the phone app, not by the engine
    static class PullData implements IFunctionHandler {
        final File media; final Map<String, List<Map<String, String>>> cache = new HashMap<>();
        PullData(File media) { this.media = media; }
        public String getName() { return "pulldata"; }
        @SuppressWarnings("rawtypes") public List<Class[]> getPrototypes() { return new ArrayList<>(); }
        public boolean rawArgs() { return true; }
        public boolean realTime() { return false; }
        public Object eval(Object[] a, EvaluationContext ec) {
            String file = XPathFuncExpr.toString(a[0]), want = XPathFuncExpr.toString(a[1]),
                key = XPathFuncExpr.toString(a[2]), val = XPathFuncExpr.toString(a[3]);
            for (Map<String, String> row : cache.computeIfAbsent(file, this::load))
                if (val.equals(row.get(key))) return row.getOrDefault(want, "");
            return "";
        }
        List<Map<String, String>> load(String n) {
            File f = new File(media, n.endsWith(".csv") ? n : n + ".csv");
            try {
                List<List<String>> rows = parseCsv(Files.readString(f.toPath(), StandardCharsets.UTF_8));
                List<Map<String, String>> out = new ArrayList<>();
                for (List<String> r : rows.subList(1, rows.size())) {
                    Map<String, String> m = new HashMap<>();
                    for (int i = 0; i < r.size() && i < rows.get(0).size(); i++) m.put(rows.get(0).get(i), r.get(i));
                    out.add(m);
                }
                return out;
            } catch (IOException e) { throw new UncheckedIOException(e); }
        }
        static List<List<String>> parseCsv(String s) {
            if (s.startsWith("\uFEFF")) s = s.substring(1);
            List<List<String>> rows = new ArrayList<>(); List<String> row = new ArrayList<>();
            StringBuilder b = new StringBuilder(); boolean q = false;
            for (int i = 0; i < s.length(); i++) {
                char c = s.charAt(i);
                if (q) {
                    if (c == '"' && i + 1 < s.length() && s.charAt(i + 1) == '"') { b.append('"'); i++; }
                    else if (c == '"') q = false; else b.append(c);
                } else if (c == '"') q = true;
                else if (c == ',') { row.add(b.toString()); b.setLength(0); }
                else if (c == '\n') { row.add(b.toString()); b.setLength(0); rows.add(row); row = new ArrayList<>(); }
                else if (c != '\r') b.append(c);
            }
            if (b.length() > 0 || !row.isEmpty()) { row.add(b.toString()); rows.add(row); }
            return rows;
        }
    }
}
