"""What the visitor window says, in the visitor's language. A language has all five sentences."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Language:
    """`name` is how those who speak it call it."""

    name: str
    nobody: str
    masked: str
    unmasked: str
    incorrect: str
    unsure: str
    right_to_left: bool = False


# by the codes of `monitor.config.LANGUAGES`
SENTENCES = {
    "en": Language(
        "English",
        "Please wear a mask",
        "Thank you for wearing a mask",
        "Please put on a mask",
        "Please cover your nose and mouth",
        "Please look at the camera",
    ),
    "de": Language(
        "Deutsch",
        "Bitte tragen Sie eine Maske",
        "Danke, dass Sie eine Maske tragen",
        "Bitte setzen Sie eine Maske auf",
        "Bitte bedecken Sie Mund und Nase",
        "Bitte schauen Sie in die Kamera",
    ),
    "fr": Language(
        "Français",
        "Le port du masque est demandé",
        "Merci de porter un masque",
        "Veuillez mettre un masque",
        "Veuillez couvrir votre nez et votre bouche",
        "Veuillez regarder la caméra",
    ),
    "es": Language(
        "Español",
        "Por favor, lleve mascarilla",
        "Gracias por llevar mascarilla",
        "Por favor, póngase una mascarilla",
        "Por favor, cúbrase la nariz y la boca",
        "Por favor, mire a la cámara",
    ),
    "it": Language(
        "Italiano",
        "Si prega di portare la mascherina",
        "Grazie di portare la mascherina",
        "Per favore, indossi una mascherina",
        "Per favore, copra naso e bocca",
        "Per favore, guardi la telecamera",
    ),
    "pt": Language(
        "Português",
        "Por favor, use máscara",
        "Obrigado por usar máscara",
        "Por favor, coloque uma máscara",
        "Por favor, cubra o nariz e a boca",
        "Por favor, olhe para a câmara",
    ),
    "nl": Language(
        "Nederlands",
        "Draag alstublieft een mondkapje",
        "Bedankt voor het dragen van een mondkapje",
        "Zet alstublieft een mondkapje op",
        "Bedek alstublieft uw neus en mond",
        "Kijk alstublieft in de camera",
    ),
    "pl": Language(
        "Polski",
        "Prosimy o noszenie maseczki",
        "Dziękujemy za noszenie maseczki",
        "Prosimy założyć maseczkę",
        "Prosimy zakryć nos i usta",
        "Prosimy spojrzeć w kamerę",
    ),
    "tr": Language(
        "Türkçe",
        "Lütfen maske kullanın",
        "Maske taktığınız için teşekkür ederiz",
        "Lütfen maske takın",
        "Lütfen burnunuzu ve ağzınızı kapatın",
        "Lütfen kameraya bakın",
    ),
    "uk": Language(
        "Українська",
        "Будь ласка, носіть маску",
        "Дякуємо, що носите маску",
        "Будь ласка, одягніть маску",
        "Будь ласка, прикрийте ніс і рот",
        "Будь ласка, подивіться в камеру",
    ),
    "ar": Language(
        "العربية",
        "يرجى ارتداء الكمامة",
        "شكرًا لارتدائكم الكمامة",
        "يرجى وضع الكمامة",
        "يرجى تغطية الأنف والفم",
        "يرجى النظر إلى الكاميرا",
        right_to_left=True,
    ),
    "he": Language(
        "עברית",
        "נא לעטות מסכה",
        "תודה שאתם עוטים מסכה",
        "נא לשים מסכה",
        "נא לכסות את האף והפה",
        "נא להביט במצלמה",
        right_to_left=True,
    ),
}
