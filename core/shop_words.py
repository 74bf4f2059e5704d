"""Words that sellers in TikTok Shop's markets put into a product's name, by what they do there.

Small letters; `·` between them. Data for `core/shop_names.py`, which says what each list is for.
"""

import unicodedata


def _listed(text: str) -> tuple[str, ...]:
    text = unicodedata.normalize("NFKC", text)
    return tuple(entry.strip() for line in text.strip().splitlines() for entry in line.split("·"))


#: Said of an offer, never of the product. What may be part of the product stays a word of its name: "premium",
#: "genuine", "with free brush", "buy 1 take 1", a year by itself.
NOISE = _listed("""
    free shipping · free delivery · free returns · free return · fast shipping · fast delivery · ready stock
    readystock · in stock · ready to ship · on hand · onhand · new arrival · new arrivals · brand new · new
    newest
    latest · hot sale · hot selling · hot item · best seller · best sellers · bestseller · best selling
    top seller
    trending · viral · tiktok viral · viral tiktok · as seen on tiktok · official · official store
    official shop
    official flagship store · flagship store · flash sale · big sale · mega sale · clearance sale · clearance
    on sale · sale · promo · promotion · special offer · limited time offer · limited time · lowest price
    cheap
    high quality · good quality · best quality · gift idea · gift ideas · must have · original · 100% original
    100% ori · 100% authentic · local seller · local stock · us stock · us local stock · uk stock · fyp
    tiktokviral · tiktokshop · cod · cash on delivery · cod available
    envío gratis · envio gratis · envíos gratis · envios gratis · envío rápido · envio rapido
    entrega inmediata
    oferta · en oferta · promoción · promocion · nuevo · nueva · más vendido · mas vendido · pago contra entrega
    stock disponible · liquidación · liquidacion
    frete grátis · frete gratis · pronta entrega · envio imediato · envio rápido · promoção · promocao
    lançamento
    lancamento · mais vendido · novo · queima de estoque
    gratis ongkir · free ongkir · ready stok · stok ready · ready · bisa cod · bayar di tempat · diskon · murah
    termurah · terlaris · terbaru · baru · ori · jualan murah · penghantaran percuma · free pos · free postage
    stok sedia ada
    miễn phí vận chuyển · freeship · free ship · hàng mới · hàng mới về · mẫu mới · mới nhất · mới · chính hãng
    hàng chính hãng · giá rẻ · giá sỉ · giảm giá · khuyến mãi · bán chạy · hot trend · có sẵn · hàng có sẵn
    xả kho
    libreng shipping · libreng padala · bagong dating · bago · pwede cod · pwedeng cod · mura
    kostenloser versand · gratis versand · versandkostenfrei · sofort lieferbar · auf lager · angebot
    top angebot
    neu
    livraison gratuite · livraison offerte · nouveauté · nouveau · nouvelle · soldes · en stock
    meilleure vente
    officiel · boutique officielle
    spedizione gratuita · spedizione gratis · novità · nuovo arrivo · nuovo · nuova · offerta · in offerta
    pronta consegna · più venduto · originale · ufficiale
    ใหม่ · โค้ดส่วนลด · セール · 公式 · 人気 · 大人気 · 新品 · 最新 · 限定
""")

#: The same in scripts without spaces: long enough to mean nothing else wherever it stands.
INSIDE = _listed("""
    ส่งฟรี · จัดส่งฟรี · พร้อมส่ง · ของแท้100% · ของแท้ · ลดราคา · โปรโมชั่น · ราคาถูก · สินค้าขายดี · ขายดี
    มาใหม่ · สินค้าใหม่ · ใหม่ล่าสุด · เก็บเงินปลายทาง · เก็บปลายทาง · ส่งไว · ส่งด่วน · ราคาส่ง · 送料無料 · 即納 · 即日発送
    当日発送 · 正規品 · 公式ショップ · 公式ストア · 人気商品 · 新作 · 最新作 · 期間限定 · 激安 · タイムセール
    包邮 · 现货 · 新款 · 爆款 · 热销
""")

#: Names in which a word of NOISE is none.
KEPT = _listed("""
    new york · new jersey · new balance · new era · new zealand · new orleans · new year · new years · new born
    cod liver · cod fish · cod oil · cod fillet · cod roe · nueva york · nuevo león · ano novo
    año nuevo
    tahun baru · năm mới · lahir baru
""")

#: A year beside one of these tells how new an offer is.
AFTER_YEAR = _listed("new · newest · latest · terbaru · baru · mới · nueva · nuevo · novo")
BEFORE_YEAR = _listed("""
    new arrival · new arrivals · latest · terbaru · mới nhất · mẫu mới · hàng mới · lançamento · novità
""")
#: ... but not where it is part of the thing.
DATED = _listed("""
    calendar · planner · diary · agenda · almanac · organizer · organiser · season · jersey · edition · journal
    kalender · kalendar · jurnal · diari · calendario · calendário · calendrier · planificador · planer · lịch
    ปฏิทิน · สมุด · カレンダー · 手帳
""")

#: Written apart or together.
JOINED = {"t shirt": "tshirt", "t shirts": "tshirts", "a line": "aline", "non slip": "nonslip", "non stick": "nonstick"}
#: The same word; possessives without their sign.
SAME = {"womens": "women", "mens": "men"}
#: Say nothing: they only hold other words together.
SILENT = _listed("the · and · und · dan · và · et · de")

#: What comes after one of these belongs together, so that the order of the whole name counts.
JOINTS = _listed("""
    with · w · without · to · from · for · not · no · non · con · sin · para · a · com · sem · dengan · dgn
    tanpa
    untuk · ke · dari · với · không · cho · sang · từ · mit · ohne · für · zu · auf · von · avec · sans · pour
    vers · à · senza · per · may · walang · กับ · ไม่มี · สำหรับ
""")
#: Joints that say for whom, when one of WHO follows: "bag for women" is "women bag".
FOR = _listed("for · para · untuk · cho · für · pour · per")
WHO = _listed("""
    women · woman · ladies · girls · girl · men · man · boys · boy · kids · kid · children · toddler · toddlers
    baby · babies · adults · teens · her · him · mujer · mujeres · dama · hombre · hombres · niña · niñas · niño
    niños · bebé · mulher · mulheres · homem · homens · menina · menino · criança · crianças · infantil · bebê
    feminina · feminino · wanita · perempuan · cewek · pria · cowok · lelaki · anak · bayi · kanak · dewasa · nữ
    nam · bé · damen · frauen · herren · männer · kinder · mädchen · jungen · femme · femmes · homme · hommes
    fille · garçon · enfant · enfants · bébé · donna · donne · uomo · uomini · bambina · bambino · bambini
""")

#: Which part has which colour, or is made of what, is told by order alone.
COLOURS = _listed("""
    black · white · red · blue · green · yellow · pink · purple · orange · brown · grey
    gray · beige · gold
    silver · navy · khaki · cream · lilac · teal · negro · negra · blanco · blanca · rojo · roja · azul · verde
    amarillo · rosa · gris · marrón · morado · dorado · plateado · preto · preta · branco · branca · vermelho
    vermelha · amarelo · cinza · marrom · roxo · dourado · prata · hitam · putih · merah · biru · hijau · kuning
    ungu · coklat · abu · krem · kelabu · đen · trắng · đỏ · xanh · hồng · vàng · tím · nâu · xám · be · kem
    itim
    puti · pula · asul · berde · dilaw · schwarz · weiss · rot · blau · grün · gelb · braun · grau · lila
    silber
    noir · noire · blanc · blanche · rouge · bleu · bleue · vert · verte · jaune · rose · marron · doré · nero
    nera · bianco · bianca · rosso · rossa · blu · giallo · grigio · marrone · oro · argento · viola · 黒 · 白
    赤 · 青
    緑 · ブラック · ホワイト · レッド · ブルー · グリーン · ピンク · グレー · ベージュ · ブラウン · ネイビー
    สีดำ · สีขาว · สีแดง · สีน้ำเงิน · สีฟ้า
    สีเขียว · สีเหลือง · สีชมพู · สีม่วง · สีน้ำตาล · สีเทา · สีครีม · สีเบจ · สีทอง · สีเงิน
""")
MATERIALS = _listed("""
    cotton · silk · satin · linen · wool · leather · canvas · denim · velvet · lace · wood · wooden · bamboo
    glass
    steel · metal · plastic · ceramic · silicone · rubber · algodón · seda · cuero · piel · madera · vidrio
    acero
    algodão · couro · madeira · aço · katun · kulit · kayu · kaca · besi · sutra · da · dạ · lụa · gỗ · thép
    baumwolle · leder · holz · glas · stahl · coton · cuir · bois · verre · acier · soie · cotone · pelle
    legno
    vetro · acciaio · seta · レザー · コットン · 革 · 綿
""")

#: The same of parts that are one or the other; a line for each two.
OPPOSITES = _listed("""
    long short · high low · big large small mini · front back rear · left right · upper lower · inner outer
    male female · single double · thick thin · wide narrow slim · warm cool cold · summer winter
    largo larga corto corta · grande pequeño pequeña · longo longa curto curta · grande pequeno pequena
    panjang pendek · besar kecil · dài ngắn · lớn nhỏ · lang lange kurz kurze · gross klein
    long longue court courte
    grand petit petite · lungo lunga corto corta · grande piccolo piccola
""")

#: Two words that name another thing the other way round: a dress shirt is no shirt dress. Each without its plural s.
TURNED = _listed("""
    dress shirt · shirt jacket · jacket hoodie · dress hoodie · dress sweater · dress coat · dress blazer
    dress jean · boot sock · boot shoe · boot heel · sandal heel · bag chain · bag belt · bag strap · belt chain
    belt buckle · watch chain · watch pocket · watch band · watch box · ring light · ring box · ring key
    key chain
    hair clip · hair oil · hair brush · case pencil · case pillow · book note · book bag · lamp table
    coffee table
    table cloth · milk chocolate · milk tea · milk powder · milk coffee · ice cream · butter peanut
    water bottle
    water glass · wine glass · oil bottle · cup cake · cup holder · cake stand · tea pot · tea cup · flower pot
    plant pot · plant house · doll house · dog house · dog toy · cat toy · cat house · car toy · doll dress
    doll baby · dress baby · phone stand · phone case · card gift · box gift · bag gift · paper towel
    paper wall
    light night · light sun · light blue · light green · light pink · light red · light yellow · light purple
    red wine · white wine · blue sky · green apple · green olive · red cherry
    card game · board game · ball basket · car race · vestido camisa · camisa chaqueta · camisa jaqueta
    leche chocolate
    leite chocolate
    bolsa cadena · bolsa corrente · tas rantai · kemeja dress · susu coklat · susu teh · kopi susu · túi dây
    sữa trà · kleid hemd · tasche kette · robe chemise · sac chaîne · lait chocolat · abito camicia
    borsa catena
    latte cioccolato · シャツ ワンピース · チェーン バッグ · シャツ ジャケット · ミルク チョコレート
    ミルク ティー · ソックス ブーツ
""")

#: How much there is: the number before one belongs to it. The spelling that counts, and others of it.
UNITS = {
    spelling: spellings.split()[0]
    for spellings in _listed("""
    pcs pc piece pieces · pack packs pk · pairs pair · set sets · sheets sheet · tier tiers · layer layers · way
    inch inches in · cm · mm · m meter metre meters metres · ft feet · g gr gram grams · kg · mg · oz · ml
    l liter litre liters litres · gb · tb · mb · w watt watts · v volt volts · mah · hz · mp
    years year yrs yr · months month · buah · pasang · lembar · botol · cái · chiếc · đôi · gói
    piezas pieza pzas pza · unidades unidad unidade · pares par · peças peça pçs · metros metro · stück stk
    paar
    teilig · pièces pièce · paires paire · pezzi pezzo pz · paia paio · ชิ้น · คู่ · แพ็ค · 個 · 枚 · 本 · 足 · 点
    セット · 組
    """)
    for spelling in spellings.split()
}
